"""sluice why --trace: what go says that it hashes, and that it explains what plain why cannot."""

import json
import shutil
import subprocess

import pytest
from conftest import Park, by_toolchain
from asked import MODULE, Desk, edit, write_module

LEAF = f"{MODULE}/leaf"
MID = f"{MODULE}/mid"
COMMAND = f"{MODULE}/cmd"


pytestmark = pytest.mark.xdist_group("trace")


@pytest.fixture(scope="module")
def warm(tmp_path_factory, sluice, go_env):
    """One machine for all of these tests: the standard library is compiled once for each Go."""
    root = tmp_path_factory.mktemp("trace")
    park = Park(root / "machines", sluice, go_env)
    yield park("desk", store=root / "store")
    park.stop()


@pytest.fixture
def desk(warm, tmp_path):
    return Desk(warm, write_module(tmp_path / "work"), {})


def trace(at: Desk, *words: str, code: int = 0, **env: str) -> dict:
    run = at.machine.sluice_run(
        "why", "--trace", "--json", *words, cwd=at.root, env={**at.env, **env}
    )
    assert run.code == code, run.describe()
    answer = json.loads(run.stdout)
    told = answer["trace"]
    assert told["complete"] and told["hashes"] > 0, told
    assert told["subkeys"] == told["subkeys_proven"], told
    # Indexes of modules are hashed by several goroutines under one name.
    assert told["hashes_proven"] > 0.3 * told["hashes"], told
    assert "HASH" not in run.stderr, run.describe()
    answer["stderr"] = run.stderr
    return answer


def package(answer: dict, name: str) -> dict:
    found = [one for one in answer["packages"] if one["package"] == name]
    assert len(found) == 1, [one["package"] for one in answer["packages"]]
    assert found[0]["keys"] and all(key["proven"] for key in found[0]["keys"]), found
    return found[0]


def texts(causes: list) -> list[str]:
    return [cause["text"] for cause in causes]


@pytest.mark.parametrize("version", by_toolchain())
def test_builds_of_every_go(version, desk, toolchain):
    """What needs no standard library. The rest: below, and the corpus of the fuzz target."""
    at = desk
    at.env = {"GOTOOLCHAIN": toolchain(version)}
    at.machine.go("build", "./leaf", cwd=at.root, env=at.env).ok()
    edit(at.root, "leaf/leaf.go", "package leaf\n\nfunc Of() int { return 2 }\n")
    at.machine.go("build", "./leaf", cwd=at.root, env=at.env).ok()
    answer = trace(at)
    assert answer["words"] == ["build", "-p=1", "-o=/dev/null", "./leaf"]
    leaf = package(answer, LEAF)
    assert leaf["in_job"] and leaf["proven"], leaf
    assert texts(leaf["causes"]) == ["leaf.go changed"]
    edit(at.root, "leaf/more.go", "package leaf\n")
    leaf = package(trace(at), LEAF)
    assert not leaf["in_job"] and leaf["since_job_proven"]
    assert texts(leaf["since_job"]) == ["more.go added"]


@pytest.mark.matrix
@pytest.mark.parametrize("version", by_toolchain())
def test_tests_of_every_go(version, desk, toolchain):
    desk.env = {"GOTOOLCHAIN": toolchain(version)}
    check_tests(desk)


def test_tests(desk):
    check_tests(desk)


def check_tests(at: Desk) -> None:
    """Every key recomputes, is the one that the job had, and no test runs for it."""
    edit(at.root, "leaf/leaf.go", "package leaf\n\n//go:noinline\nfunc Of() int { return 1 }\n")
    at.test()
    edit(at.root, "leaf/leaf.go", "package leaf\n\n//go:noinline\nfunc Of() int { return 2 }\n")
    at.test(ASKED="yes")
    plain = at.why()
    answer = trace(at, ASKED="yes")
    assert answer["words"] == ["test", "-p=1", "./..."]
    leaf = package(answer, LEAF)
    assert leaf["in_job"] and leaf["proven"], leaf
    assert texts(leaf["causes"]) == ["leaf.go changed"]
    assert leaf["against"]["job"] == plain["job"] - 1
    variant = package(answer, f"{MID} [{MID}.test]")
    assert variant["in_job"] and variant["through"][-1] == LEAF
    assert texts(variant["causes"]) == ["leaf.go changed"]
    by_name = trace(at, "./mid", ASKED="yes")
    assert LEAF not in [one["package"] for one in by_name["packages"]]
    program = package(by_name, f"{MID}.test")
    assert [key["step"] for key in program["keys"]] == ["build", "link"]
    # The journal has no keys of links.
    assert [key["in_job"] for key in program["keys"]] == [True, None], program

    (test,) = answer["tests"]
    assert test["package"] == MID and test["proven"] and test["in_job"], test
    inputs = {(one["op"], one["name"]): one["set"] for one in test["inputs"]}
    assert inputs[("env", "ASKED")] is True
    assert inputs[("open", str(at.root / "mid/testdata/file"))] is None
    # The very result was there: nothing ran, although go has GODEBUG in every test's key.
    assert "(cached)" in answer["stderr"], answer["stderr"]
    # It was no job.
    assert at.why()["job"] == plain["job"]

    # Another value of a variable, another file: not what the job had.
    (test,) = trace(at, ASKED="no")["tests"]
    assert test["proven"] and not test["in_job"]
    edit(at.root, "leaf/leaf.go", "package leaf\n\n//go:noinline\nfunc Of() int { return 3 }\n")
    leaf = package(trace(at, ASKED="yes"), LEAF)
    assert not leaf["in_job"] and texts(leaf["since_job"]) == ["leaf.go changed"]
    assert leaf["since_job_proven"]


def test_what_plain_why_cannot_prove(desk):
    """With -x nothing is written down but lookups; no file is left."""
    at = desk
    root = at.root
    edit(root, "cmd/main.go", (root / "cmd/main.go").read_text() + "// more\n")
    edit(root, "leaf/leaf.go", "package leaf\n\nfunc Of() int { return 2 }\n")
    at.machine.go("build", "-x", "-o", "out/", "-ldflags=-X=main.a=b", "./...", cwd=root).ok()
    shutil.rmtree(root / "out")
    before = sorted(path for path in root.rglob("*"))
    assert not [one for one in at.why()["packages"] if one["package"] == COMMAND]
    answer = trace(at, "all")
    assert answer["words"] == [
        *("build", "-p=1", "-o=/dev/null", "-x", "-ldflags=-X=main.a=b", "./...")
    ]
    assert sorted(path for path in root.rglob("*")) == before
    program = package(answer, COMMAND)
    assert program["in_job"] and "build" in [key["step"] for key in program["keys"]]
    assert package(answer, "runtime")["in_job"]
    # Asked for by name; others are not there.
    only = trace(at, "./leaf")
    assert [one["package"] for one in only["packages"]] == [LEAF]
    text = at.machine.sluice_run("why", "--trace", "./leaf", cwd=root).ok().stdout
    assert f"{LEAF}: 1 of 1 keys proven (build), as in the job" in text, text


def test_against_and_variables(desk):
    at = desk
    at.build()
    first = at.why()["job"]
    at.build("-gcflags=-l")
    at.build("-gcflags=-N", GOFLAGS="-tags=extra")
    answer = trace(at, "--against", str(first), "./leaf")
    leaf = package(answer, LEAF)
    # GOFLAGS of the job, not of now.
    assert leaf["in_job"], leaf
    assert leaf["against"]["job"] == first
    assert texts(leaf["causes"]) == ["-gcflags: not set -> -N", "leaf_tagged.go added"]
    assert leaf["proven"]
    # GODEBUG keeps what it holds.
    at.test()
    at.test(GODEBUG="netdns=go")
    (test,) = trace(at, "./mid", GODEBUG="netdns=go")["tests"]
    assert test["in_job"] and test["proven"]
    answer = trace(at, "./mid")
    (test,) = answer["tests"]
    assert not test["in_job"]


def test_a_linked_build_in_between(desk):
    """It differs by its flags only, and is not why the program's package was compiled."""
    at = desk
    out = f"-o={at.machine.root}/out"
    at.test()
    at.machine.go("build", "-ldflags=-X main.V=2", out, "./cmd", cwd=at.root).ok()
    # Inlined: else what imports it may be the same, byte for byte.
    changed = "package leaf\n\nfunc Of() int { return 20 }\n"
    edit(at.root, "leaf/leaf.go", changed)
    at.test()
    program = package(trace(at, "./cmd"), COMMAND)
    assert texts(program["causes"]) == ["leaf.go changed"], program
    assert program["through"] == [MID, LEAF], program

    # Both at once: to undo one would not have been enough.
    at.machine.go("build", "-ldflags=-X main.V=3", out, "./cmd", cwd=at.root).ok()
    edit(at.root, "leaf/leaf.go", changed.replace("20", "30"))
    at.machine.go("build", "-ldflags=-X main.V=4", out, "./cmd", cwd=at.root).ok()
    answer = at.why()
    for program in (
        next(one for one in answer["packages"] if one["package"] == COMMAND),
        package(trace(at, "./cmd"), COMMAND),
    ):
        assert texts(program["causes"]) == ["-ldflags: -X main.V=3 -> -X main.V=4"], program
        (also,) = program["also"]
        assert texts(also["causes"]) == ["leaf.go changed"] and also["proven"], program
        assert also["through"] == [MID, LEAF], program
    (group,) = [one for one in answer["groups"] if one["root"] == LEAF]
    assert COMMAND in group["packages"], group
    text = at.machine.sluice_run("why", "./cmd", cwd=at.root).ok().stdout
    assert f"    and leaf.go changed, in {MID} <- {LEAF}" in text, text


def test_failing_and_refused(desk, tmp_path):
    at = desk
    m = at.machine
    root = at.root
    edit(root, "leaf/leaf.go", "package leaf\n\n//go:noinline\nfunc Of() int { return 0 }\n")
    at.test(code=1)
    answer = trace(at, code=1)
    assert "go ended with 1" in answer["stderr"] and "FAIL" in answer["stderr"]
    assert package(answer, LEAF)["in_job"]
    assert answer["tests_without_log"] == [MID]
    # It says before that such tests run again.
    assert "run again" in answer["stderr"].splitlines()[0]

    edit(root, "leaf/leaf.go", "package leaf\n\nfunc Of() int { return here }\n")
    run = m.go("build", "./...", cwd=root)
    assert run.code == 1
    run = m.sluice_run("why", "--trace", cwd=root)
    assert run.code == 1 and "undefined: here" in run.stderr, run.describe()

    def refused(said: str, **env: str) -> None:
        run = m.sluice_run("why", "--trace", cwd=root, env=env)
        assert run.code == 2 and said in run.stderr, run.describe()
        assert len(run.stderr.strip().splitlines()) == 1, run.describe()
        assert not run.stdout

    edit(root, "leaf/leaf.go", "package leaf\n\nfunc Of() int { return 1 }\n")
    m.go("run", "./cmd", cwd=root).ok()
    refused("'go run ./cmd' would start the program; build it with sluice go build")
    m.sluice_run("run", "--", "true", cwd=root).ok()
    refused("'true' is no go command")
    m.go("test", "-cpuprofile=cpu.out", "./mid", cwd=root).ok()
    refused("-cpuprofile writes files")
    m.go("build", "./...", cwd=root).ok()
    bin_directory = tmp_path / "bin"
    bin_directory.mkdir()
    refused("go", PATH=str(bin_directory))
    run = m.sluice_run("why", "--trace", "./none", cwd=root)
    assert run.code == 2 and "no package ./none" in run.stderr, run.describe()
    gone = tmp_path / "gone"
    write_module(gone)
    m.go("build", "./...", cwd=gone).ok()
    shutil.rmtree(gone)
    refused("is not there any more")


def test_interrupted(desk):
    """A signal ends go, and sluice with it."""
    at = desk
    edit(
        at.root,
        "mid/mid_test.go",
        'package mid\n\nimport ("os"; "testing"; "time")\n\nfunc Test(t *testing.T) {\n'
        '\tif os.Getenv("LONG") != "" {\n\t\ttime.Sleep(time.Minute)\n\t}\n}\n',
    )
    at.machine.go("test", "-count=1", "./mid", cwd=at.root).ok()
    process = at.machine.popen(
        at.machine.sluice,
        "why",
        "--trace",
        cwd=at.root,
        env={"LONG": "yes"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr.readline()  # what is traced
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode != 0
