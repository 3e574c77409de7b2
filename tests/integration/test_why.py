"""sluice why: a corpus of one edit for each cause, on every supported Go, and the cause that it
names must be that one.

What is edited are packages that import nothing, so that an edit costs one call of the compiler
whatever it does to the standard library's keys. Each Go version has one machine, whose standard
library is compiled once for the few programs and tests.
"""

import json
import os
import shutil
import subprocess
import time
import zipfile
from pathlib import Path

import pytest
from asked import edit, settle, write_module
from conftest import TOOLCHAINS, Park, by_toolchain
from sluice_harness import REPO, github

GUIDE = (REPO / "docs/guide/why.md").read_text()
MODULE = "example.com/asked"
MID_TEST = """package mid

import (
	"os"
	"testing"
)

func Test(t *testing.T) {
	os.ReadFile("testdata/file")
	os.Getenv("ASKED")
	if Of() == 0 {
		t.Fatal()
	}
}
"""
# Not inlined: a constant would be folded, and go rightly finds the same binary.
LEAF = "package leaf\n\n//go:noinline\nfunc Of() int {{ return {} }}\n"
NATIVE = """package native

// #cgo CFLAGS: -DN={}
// static int of(void) {{ return N; }}
import "C"

func Of() int {{ return int(C.of()) }}
"""
FILES = {
    "go.mod": f"module {MODULE}\n\ngo 1.24\n",
    "leaf/leaf.go": LEAF.format(1),
    "mid/mid.go": f"""package mid

import "{MODULE}/leaf"

func Of() int {{ return leaf.Of() }}
""",
    "mid/mid_test.go": MID_TEST,
    "mid/testdata/file": "one\n",
    "text/text.go": 'package text\n\nimport _ "embed"\n\n//go:embed text.txt\nvar T string\n',
    "text/text.txt": "text\n",
    "native/native.go": NATIVE.format(1),
    "native/plain.go": "//go:build !cgo\n\npackage native\n\nfunc Of() int { return 1 }\n",
    "cmd/main.go": f"""package main

import "{MODULE}/mid"

func main() {{ println(mid.Of()) }}
""",
}


def causes_of(explained: dict) -> list[tuple[str, str]]:
    causes = [(cause["kind"], cause["text"]) for cause in explained["causes"]]
    for kind, text in causes:
        assert f"`{kind}`" in GUIDE, f"{kind} ({text}) is not in the guide"
    return causes


class Desk:
    """A machine and a module, with the commands that are compared."""

    def __init__(self, machine, root: Path, env: dict | None = None):
        self.machine = machine
        self.root = root
        self.env = env or {}

    def run(self, *words: str, code: int = 0, cwd: Path | None = None, **env: str) -> None:
        run = self.machine.go(*words, cwd=cwd or self.root, env={**self.env, **env})
        assert run.code == code, run.describe()

    def build(self, *words: str, **options) -> None:
        self.run("build", *words, **options)

    def link(self, *words: str, **options) -> None:
        """Programs, which are not wanted: they are put aside."""
        self.run("build", "-o", f"{self.machine.root}/out", *words, **options)

    def test(self, *words: str, **options) -> None:
        self.run("test", *(words or ("./mid",)), **options)

    def why(self, *words: str) -> dict:
        run = self.machine.sluice_run("why", "--json", *words, cwd=self.root, env=self.env)
        return json.loads(run.ok().stdout)

    def packages(self, package: str, proven: bool = True) -> list[tuple[str, str]]:
        """The causes why the last command compiled a package of the module."""
        answer = self.why()
        name = f"{MODULE}/{package}"
        found = [one for one in answer["packages"] if one["package"] == name]
        assert len(found) == 1, [one["package"] for one in answer["packages"]]
        assert found[0]["answer"] == "missed", found
        assert found[0]["proven"] == proven, found
        return causes_of(found[0])

    def tests(self, package: str = "mid", proven: bool = True) -> list[tuple[str, str]]:
        """The causes why the last command ran a test."""
        answer = self.why()
        found = [one for one in answer["tests"] if one["package"] == f"{MODULE}/{package}"]
        assert len(found) == 1, answer["tests"]
        assert found[0]["answer"] in ("missed", "refused"), found
        assert found[0]["proven"] == proven, found
        return causes_of(found[0])


@pytest.fixture
def desk(machine, tmp_path):
    """A function that makes a machine of this test's own, and a module."""

    def make(files: dict | None = None, name: str = "desk", store=None, root=None) -> Desk:
        root = root or write_module(tmp_path / "work", files or FILES)
        return Desk(machine(name, store=store or tmp_path / "store"), root)

    return make


# --- the corpus ---

VERSIONS = by_toolchain("why")


@pytest.fixture(scope="session")
def lanes(tmp_path_factory, sluice, go_env, toolchain):
    """A machine for each Go version, which keeps what it has compiled from test to test."""
    park = Park(tmp_path_factory.mktemp("why"), sluice, go_env)
    made: dict[str, Desk] = {}

    def lane(version: str) -> Desk:
        if version not in made:
            env = {**os.environ, "GOTOOLCHAIN": toolchain(version)}
            goroot = subprocess.check_output(["go", "env", "GOROOT"], text=True, env=env, cwd="/")
            machine = park(version, store=park.root / f"store-{version}")
            # Found by PATH: a module proxy and a module cache of one's own then have no part in it.
            machine.env["PATH"] = f"{goroot.strip()}/bin:{machine.env['PATH']}"
            machine.env["GOTOOLCHAIN"] = "local"
            made[version] = Desk(machine, write_module(machine.root / "work", FILES))
        return made[version]

    yield lane
    park.stop()


@pytest.fixture
def lane(lanes, version):
    return lanes(version)


@pytest.mark.parametrize("version", VERSIONS)
def test_files_and_dependencies(lane):
    """Files, imports and go.mod, one after the other, against the nearest that is known."""
    files = {**FILES, "leaf/spare.go": "package leaf\n"}
    root = write_module(lane.machine.root / "files", files)
    at = Desk(lane.machine, root)
    named = ("./leaf", "./mid", "./text")
    at.build("./text")  # so that the journal does not begin with what is looked at
    at.build(*named)
    assert at.packages("leaf") == [("never-built", "never built before in any scope")]

    edit(root, "leaf/leaf.go", LEAF.format(2))
    at.build(*named)
    answer = at.why()
    changed = [("file", "leaf.go changed")]
    assert at.packages("leaf") == at.packages("mid") == changed
    assert [group["root"] for group in answer["groups"]] == [f"{MODULE}/leaf"], answer["groups"]
    assert answer["groups"][0]["packages"] == [f"{MODULE}/leaf", f"{MODULE}/mid"]
    assert at.why("./mid")["packages"][0]["through"] == [f"{MODULE}/leaf"]

    edit(root, "text/text.txt", "other\n")
    at.build(*named)
    assert at.packages("text") == [("file", "text.txt changed")]
    edit(root, "leaf/more.go", "package leaf\n")
    at.build(*named)
    assert at.packages("leaf") == [("file", "more.go added")]
    (root / "leaf/more.go").rename(root / "leaf/moved.go")
    at.build(*named)
    assert at.packages("leaf") == [("file", "moved.go added; more.go removed")]
    (root / "leaf/spare.go").unlink()
    at.build(*named)
    assert at.packages("leaf") == [("file", "spare.go removed")]

    edit(root, "go.mod", f"module {MODULE}\n\ngo 1.23\n")
    at.build(*named)
    assert at.packages("leaf") == [("go_directive", "go directive in go.mod: 1.24 -> 1.23")]
    # The same checkout elsewhere: without -trimpath its place is in every key.
    shutil.copytree(root, lane.machine.root / "elsewhere")
    moved = Desk(lane.machine, lane.machine.root / "elsewhere")
    moved.build("./leaf")
    assert [kind for kind, _ in moved.packages("leaf")] == ["directory"]


OFF = "-buildvcs=false"
# name: (words, environment, causes), each against a call with neither.
CALLS = {
    "gcflags": (["-gcflags=-N"], {}, [("gc_flags", "-gcflags: not set -> -N")]),
    "goflags": (
        [],
        {"GOFLAGS": f"{OFF} '-gcflags=-N -l'"},
        [("gc_flags", "-gcflags: not set -> -N -l (GOFLAGS)")],
    ),
    # Only compiling needs no C compiler; of cgo go says that it must be on.
    "race": (["-race"], {"CGO_ENABLED": "1"}, [("race", "-race: not set -> true")]),
    "cover": (["-cover"], {}, [("cover", "-covermode: not set -> set")]),
    "covermode": (
        ["-cover", "-covermode=count"],
        {},
        [("cover", "-covermode: not set -> count")],
    ),
    "pie": (["-buildmode=pie"], {}, [("build_mode", "-buildmode: not set -> pie")]),
    "trimpath": (["-trimpath"], {}, [("trimpath", "-trimpath: not set -> true")]),
    "goamd64": ([], {"GOAMD64": "v3"}, [("architecture", "GOAMD64: v1 -> v3")]),
    "goarch": (
        [],
        {"GOARCH": "arm64"},
        [
            ("platform", "GOARCH: amd64 -> arm64"),
            ("architecture", "GOAMD64: v1 -> not set"),
            ("architecture", "GOARM64: not set -> v8.0"),
        ],
    ),
    "experiment": (
        [],
        {"GOEXPERIMENT": "cgocheck2"},
        [("experiment", "GOEXPERIMENT: not set -> cgocheck2")],
    ),
    "tags": (
        ["-tags=extra"],
        {},
        [("tags", "-tags: not set -> extra"), ("file", "a_extra.go added; a_plain.go removed")],
    ),
    "moretags": (
        ["-tags", "other,extra"],
        {},
        [
            ("tags", "-tags: not set -> other,extra"),
            ("file", "a_extra.go added; a_plain.go removed"),
        ],
    ),
    "envtags": (
        [],
        {"GOFLAGS": f"{OFF} -tags=extra"},
        [
            ("tags", "-tags: not set -> extra (GOFLAGS)"),
            ("file", "a_extra.go added; a_plain.go removed"),
        ],
    ),
}


@pytest.mark.parametrize("version", VERSIONS)
def test_flags_and_variables(lane):
    """How go is called."""
    files = {"go.mod": FILES["go.mod"]}
    for name in CALLS:
        files[f"{name}/a.go"] = f"package {name}\n"
        files[f"{name}/a_extra.go"] = f"//go:build extra\n\npackage {name}\n\nvar Extra = 1\n"
        files[f"{name}/a_plain.go"] = f"//go:build !extra\n\npackage {name}\n\nvar Extra = 0\n"
    at = Desk(lane.machine, write_module(lane.machine.root / "calls", files))
    at.build("./...")
    for name, (words, env, wanted) in CALLS.items():
        at.build(*words, f"./{name}", **env)
        assert at.packages(name) == wanted, name
    # And back: what is compared is the nearest, which is the first of all.
    edit(at.root, "race/a.go", "package race\n\nvar V int\n")
    at.build("./race")
    assert at.packages("race") == [("file", "a.go changed")]
    edit(at.root, "race/a_extra.go", "//go:build extra\n\npackage race\n\nvar Extra = 2\n")
    at.build("-tags=extra", "./race")
    assert at.packages("race")[0] == ("tags", "-tags: not set -> extra")
    at.build("-tags=extra", "-trimpath", "./race")
    assert at.packages("race") == [("trimpath", "-trimpath: not set -> true")]
    # Packages without a directory in their inputs: the module is found by the command's.
    edit(at.root, "race/a.go", "package race\n\nvar W int\n")
    at.build("-trimpath", "./trimpath")
    at.build("-trimpath", "-tags=extra", "./trimpath")
    assert at.packages("trimpath")[0] == ("tags", "-tags: not set -> extra")


@pytest.mark.parametrize("version", VERSIONS)
def test_cgo(lane, tmp_path):
    at = lane
    edit(at.root, "native/native.go", NATIVE.format(1))
    at.build("./native", CC="gcc")
    assert at.packages("native")[0][0] == "never-built"
    at.build("./native", CC="gcc", CGO_CFLAGS="-O1")
    assert at.packages("native") == [("c_flags", "CGO_CFLAGS: -O2 -g -DN=1 -> -O1 -DN=1")]
    edit(at.root, "native/native.go", NATIVE.format(2))
    at.build("./native", CC="gcc", CGO_CFLAGS="-O1")
    assert at.packages("native") == [
        ("c_flags", "CGO_CFLAGS: -O1 -DN=1 -> -O1 -DN=2"),
        ("file", "native.go changed"),
    ]
    # go asks the compiler for its version by -###.
    compiler = tmp_path / "cc"
    compiler.write_text('#!/bin/sh\nexec gcc "$@"\n')
    compiler.chmod(0o755)
    at.build("./native", CC=str(compiler), CGO_CFLAGS="-O1")
    assert at.packages("native") == [("c_compiler", f"C compiler CC: gcc -> {compiler}")]
    compiler.write_text(
        '#!/bin/sh\ncase "$*" in *-###*) echo "cc version 9.9 (other)" >&2;; esac\nexec gcc "$@"\n'
    )
    at.build("./native", CC=str(compiler), CGO_CFLAGS="-O1")
    [(kind, text)] = at.packages("native")
    assert kind == "c_compiler"
    assert text.startswith("C compiler CC version: gcc version ")
    assert text.endswith(" -> cc version 9.9 (other)")
    at.build("./native", CC="gcc", CGO_ENABLED="0")
    off = "(CGO_ENABLED, or no C compiler)"
    assert at.packages("native") == [("cgo", f"cgo: on -> off {off}")]
    # Taken away by somebody, it is that.
    edit(at.root, "native/plain.go", "package native\n\nfunc Of() int { return 1 }\n")
    (at.root / "native/native.go").unlink()
    at.build("./native", CC="gcc")
    assert at.packages("native") == [("file", "plain.go changed")]


@pytest.mark.parametrize("version", VERSIONS)
def test_programs(lane):
    """What is in a program's build information: flags of the linker, and the VCS stamp."""
    at = lane
    at.link("./cmd")
    assert at.packages("cmd") == [("never-built", "never built before in any scope")]
    at.link("-ldflags=-s -w", "./cmd")
    assert at.packages("cmd") == [("ld_flags", "-ldflags: not set -> -s -w")]
    at.link("./cmd", GOFLAGS=f"{OFF} -ldflags=-w")
    assert at.packages("cmd") == [("ld_flags", "-ldflags: -s -w -> -w (GOFLAGS)")]
    at.link("-tags=extra", "./cmd")
    assert at.packages("cmd") == [("tags", "-tags: not set -> extra")]
    # With -trimpath flags of the linker are in no package's key: only a link is made.
    at.link("-trimpath", "./cmd")
    at.link("-trimpath", "-ldflags=-s", "./cmd")
    answer = at.why()
    assert [one for one in answer["packages"] if one["answer"] == "missed"] == []
    [link] = answer["links"]
    assert link["package"] == f"{MODULE}/cmd" and not link["proven"]
    assert causes_of(link) == [("ld_flags", "-ldflags: not set -> -s")]
    text = at.machine.sluice_run("why", cwd=at.root).ok().stdout
    assert "-ldflags: not set -> -s (not proven)" in text

    root = write_module(
        at.machine.root / "stamped",
        {"go.mod": FILES["go.mod"], "main.go": "package main\n\nfunc main() {}\n"},
    )
    git(root, "init", "-q", ".")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    stamped = Desk(at.machine, root)
    stamped.link("-buildvcs=false", ".")
    stamped.link("-buildvcs=true", ".", GOFLAGS="")
    [(kind, text)] = stamped_causes(stamped)
    assert kind == "vcs" and "vcs.revision" in text, text
    git(root, "commit", "--allow-empty", "-qm", "two")
    stamped.link("-buildvcs=true", ".", GOFLAGS="")
    [(kind, text)] = stamped_causes(stamped)
    assert kind == "vcs" and text.startswith("VCS stamp (vcs.revision"), text
    (root / "note").write_text("not committed")
    stamped.link("-buildvcs=true", ".", GOFLAGS="")
    assert stamped_causes(stamped) == [("vcs", "VCS stamp (vcs.modified); see -buildvcs=false")]


def git(root: Path, *words: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True)


def stamped_causes(at: Desk) -> list[tuple[str, str]]:
    found = [one for one in at.why()["packages"] if one["package"] == MODULE]
    assert len(found) == 1 and found[0]["proven"], found
    return causes_of(found[0])


def publish(proxy: Path, version: str) -> None:
    """One version of example.com/dep, in a module proxy that is a folder."""
    folder = proxy / "example.com/dep/@v"
    folder.mkdir(parents=True, exist_ok=True)
    mod = "module example.com/dep\n\ngo 1.24\n"
    (folder / f"{version}.info").write_text(f'{{"Version": "{version}"}}')
    (folder / f"{version}.mod").write_text(mod)
    with zipfile.ZipFile(folder / f"{version}.zip", "w") as archive:
        archive.writestr(f"example.com/dep@{version}/go.mod", mod)
        archive.writestr(f"example.com/dep@{version}/dep.go", "package dep\n\nfunc Of() {}\n")


@pytest.mark.parametrize("version", VERSIONS)
def test_module_versions(lane):
    """Another version by go.mod, and a directory in its place; the content is the same."""
    base = lane.machine.root
    for one in ("v1.0.0", "v1.1.0"):
        publish(base / "proxy", one)
    mod = FILES["go.mod"] + "\nrequire example.com/dep {}\n"
    at = Desk(
        lane.machine,
        write_module(
            base / "uses",
            {
                "go.mod": mod.format("v1.0.0"),
                "uses/uses.go": 'package uses\n\nimport _ "example.com/dep"\n',
            },
        ),
        {
            "GOPROXY": (base / "proxy").as_uri(),
            "GONOSUMDB": "*",
            "GOMODCACHE": str(base / "modules"),
            "GOFLAGS": f"{OFF} -mod=mod -modcacherw",
        },
    )

    at.build("./uses")
    edit(at.root, "go.mod", mod.format("v1.1.0"))
    at.build("./uses")
    newer = [("module_version", "module version of example.com/dep: v1.0.0 -> v1.1.0 (go.mod)")]
    assert at.packages("uses") == newer
    assert at.why("./uses")["packages"][0]["through"] == ["example.com/dep"]
    shutil.copytree(base / "modules/example.com/dep@v1.1.0", base / "replaced")
    edit(at.root, "go.mod", mod.format("v1.1.0") + "\nreplace example.com/dep => ../replaced\n")
    at.build("./uses")
    assert at.packages("uses") == [
        (
            "module_version",
            f"module version of example.com/dep: v1.1.0 -> {base}/replaced (go.mod or go.work)",
        )
    ]
    # Another directory, in a checkout that is where it was.
    shutil.copytree(base / "replaced", base / "again")
    edit(at.root, "go.mod", mod.format("v1.1.0") + "\nreplace example.com/dep => ../again\n")
    at.build("./uses")
    [(kind, text)] = at.packages("uses")
    assert kind == "module_version"
    assert text.startswith(f"module directory: {base}/replaced -> {base}/again (replace"), text
    # With -trimpath the version stands in the key itself.
    edit(at.root, "go.mod", mod.format("v1.0.0"))
    at.build("-trimpath", "./uses")
    edit(at.root, "go.mod", mod.format("v1.1.0"))
    at.build("-trimpath", "./uses")
    assert at.packages("uses") == newer


@pytest.mark.parametrize("version", VERSIONS)
def test_tests(lane, version):
    at = Desk(lane.machine, write_module(lane.machine.root / "tests", FILES))
    root = at.root
    at.build("./leaf")  # the journal has begun
    at.test()
    assert at.tests() == [("never-built", "never built before in any scope")]
    at.test()
    hit = [one for one in at.why()["tests"] if one["package"] == f"{MODULE}/mid"]
    assert hit[0]["answer"] in ("local", "reused"), hit

    edit(root, "mid/testdata/file", "two\n")
    at.test()
    assert at.tests() == [("test-input", "mid/testdata/file changed")]
    at.test(ASKED="now")
    assert at.tests() == [("test-input", "variable ASKED changed")]
    # The content of a result that is there, and a file too young for go to look for it. In the
    # future it stays so, however slow this machine is.
    later = time.time() + 3600
    os.utime(root / "mid/testdata/file", (later, later))
    at.test()
    [(kind, text)] = at.tests()
    assert kind == "too-young", text
    assert text.startswith("mid/testdata/file changed less than 2 s before"), text
    settle(root)

    for flag in ("-run=Test", "-short"):
        at.test(flag, "./mid")
        assert at.tests() == [("arguments", f"test flags: none -> {flag}")], flag
        at.test()
        assert at.why()["tests"][0]["answer"] in ("local", "reused")
    for words in (["-count=1", "./mid"], ["-shuffle=on", "./mid"], ["./mid", "-args", "x"]):
        at.test(*words)
        [(kind, text)] = at.tests()
        flag = next(word for word in words if word.startswith("-"))
        assert (kind, text) == ("uncacheable-flag", f"{flag}: go keeps and looks for no result")
    # From Go 1.25 on a profile is kept with the result, of a run that asked for one.
    profile = ("-cover", f"-coverprofile={at.machine.root / 'cover.out'}", "./mid")
    at.test("-cover", "./mid")
    at.test(*profile)
    if int(version.split(".")[1]) < 25:
        assert at.tests()[0][0] == "uncacheable-flag"
    else:
        assert at.tests() == [("arguments", "test flags: none -> -coverprofile")]
        at.test(*profile)
        assert at.why()["tests"][0]["answer"] in ("local", "reused")
    at.run("test", cwd=root / "mid")
    assert at.tests()[0][0] == "not-package-list"

    edit(root, "leaf/leaf.go", LEAF.format(0))
    at.test(code=1)
    assert at.tests() == [("file", "leaf.go changed")]
    at.test(code=1)
    assert at.tests(proven=False)[0][0] == "failed"
    edit(root, "leaf/leaf.go", LEAF.format(3))
    at.test()
    assert at.tests() == [("file", "leaf.go changed")]
    assert at.why()["tests"][0]["through"][-1] == f"{MODULE}/leaf"
    edit(root, "mid/mid_test.go", MID_TEST.replace("ASKED", "ASKED_FOR"))
    at.test()
    assert at.tests() == [("file", "mid_test.go changed")]
    program = next(one for one in at.why()["packages"] if one["package"] == f"{MODULE}/mid.test")
    assert causes_of(program) == [("file", "mid_test.go changed")] and program["proven"], program
    assert program["through"] == [f"{MODULE}/mid [{MODULE}/mid.test]"]
    text = at.machine.sluice_run("why", "./mid", cwd=root).ok().stdout
    assert "mid_test.go changed" in text


@pytest.mark.parametrize("version", VERSIONS)
def test_other_lines_of_work(lane):
    """What an import was in the job that a package is compared with, not what it was nearest to."""
    at = Desk(lane.machine, write_module(lane.machine.root / "lines", FILES))
    root = at.root
    at.test()
    # Compiled without a test, and taken back.
    edit(root, "leaf/other.go", "package leaf\n\nvar Other = 1\n")
    at.build("./...")
    (root / "leaf/other.go").unlink()
    settle(root)
    at.test()
    for name in ("ONCE", "TWICE"):
        edit(root, "mid/mid_test.go", MID_TEST.replace("ASKED", name))
        at.test()
        answer = at.why()
        groups = [[(one["kind"], one["text"]) for one in g["causes"]] for g in answer["groups"]]
        assert groups == [[("file", "mid_test.go changed")]], answer["groups"]
        assert f"{MODULE}/mid.test" in answer["groups"][0]["packages"]
    edit(root, "leaf/leaf.go", LEAF.format(77))
    at.test()
    (group,) = at.why()["groups"]
    assert group["root"] == f"{MODULE}/leaf" and group["proven"], group
    first = at.why("--against", "1")
    assert {one["root"] for one in first["packages"] if one["answer"] == "missed"} <= {
        f"{MODULE}/leaf",
        f"{MODULE}/mid [{MODULE}/mid.test]",
    }, first


@pytest.mark.parametrize("version", VERSIONS)
def test_commands_of_one_job(lane):
    """Each command of a CI job is explained by its own imports, not by another form of them."""
    root = write_module(lane.machine.root / "job", FILES)
    groups = []
    for run in ("1", "2", "3"):
        at = Desk(lane.machine, root, {**github(), "GITHUB_RUN_ID": run})
        if run == "2":
            edit(root, "leaf/leaf.go", LEAF.format(20))
        if run == "3":
            edit(root, "text/text.txt", "third\n")
        at.build("./leaf", "./mid", "./text")
        at.build("-trimpath", "./leaf", "./mid", "./text")
        at.test("-tags=extra", "./mid")
        answer = at.why()
        groups.append(answer["groups"])
        for one in answer["packages"]:
            causes_of(one)
        lane.machine.sluice_run("agent", "stop", cwd=root, env=at.env).ok()
    texts = [[cause["text"] for group in one for cause in group["causes"]] for one in groups]
    assert texts[1:] == [["leaf.go changed"], ["text.txt changed"]], groups
    assert groups[1][0]["packages"][0] == f"{MODULE}/leaf", groups[1]

    # An import that both commands were given, in two forms, and what imports it in one only.
    files = {
        "leaf/leaf.go": "package leaf\n\nfunc Of() int { return 4 }\n",
        "over/over.go": f'package over\n\nimport _ "{MODULE}/leaf"\n',
    }
    files["go.mod"] = FILES["go.mod"]
    at = Desk(lane.machine, write_module(lane.machine.root / "forms", files))
    at.build("-trimpath", "./over")
    at.build("./leaf")
    at = Desk(lane.machine, at.root, {**github(), "GITHUB_RUN_ID": "4"})
    at.build("./over")
    at.build("-trimpath", "./over")
    assert at.packages("over") == [("trimpath", "-trimpath: true -> not set")]
    assert len(at.why()["groups"]) == 1, at.why()["groups"]


@pytest.mark.parametrize("version", VERSIONS)
def test_results_that_are_gone(lane, machine, tmp_path):
    """Made before, and not there: removed by a limit or by somebody, or the store failed."""
    path = {name: lane.machine.env[name] for name in ("PATH", "GOTOOLCHAIN")}
    root = write_module(tmp_path / "work", FILES)
    m = machine("m", store=tmp_path / "store")
    alone = {**path, "SLUICE_NO_REMOTE": "1"}
    at = Desk(m, root, alone)
    at.build("./leaf")

    def gone(*words: str) -> list[tuple[str, str]]:
        m.sluice_run("gc", *words, "--force", cwd=root, env=alone).ok()
        at.build("./leaf")
        return at.packages("leaf")

    [(kind, text)] = gone("--max-size", "0")
    assert kind == "gone-size" and "`sluice gc` removed it for the size" in text
    old = time.time() - 9 * 24 * 3600
    for file in m.gocache.glob("??/*-[ad]"):
        os.utime(file, (old, old))
    [(kind, text)] = gone("--max-age", "5d")
    assert kind == "gone-age" and "`sluice gc` removed it for its age" in text
    shutil.rmtree(m.gocache)
    at.build("./leaf")
    [(kind, text)] = at.packages("leaf")
    assert kind == "gone-removed" and "somebody removed it" in text

    # Made again although it is there.
    run = m.go("build", "./leaf", cwd=root, env=alone, flags=("--verify", "100%")).ok()
    assert run.summary["verify"]["checked"] > 0
    [(kind, text)] = at.packages("leaf", proven=False)
    assert kind == "verify" and "--verify" in text
    settle(root)
    at.test("./mid")
    at.test("./mid")
    run = m.go("test", "./mid", cwd=root, env=alone, flags=("--verify-tests", "100%")).ok()
    assert run.summary["verify"]["tests_checked"] > 0
    [(kind, text)] = at.tests()
    assert kind == "verify" and "--verify-tests" in text

    # A store that nobody answers for: of the same package, and of one that may be in it.
    nobody = {"SLUICE_STORE": "http://127.0.0.1:9/"}
    shutil.rmtree(m.gocache)
    faulty = Desk(m, root, {**path, **nobody})
    faulty.build("./leaf", "./mid")
    made_before = "made before from the same inputs; the store failed"
    assert faulty.packages("leaf") == [("store-fault", made_before)]
    [(kind, text)] = faulty.packages("mid")
    assert kind == "store-fault" and text.startswith("the store failed"), text
    assert "store" in [fault["reason"] for fault in faulty.why()["faults"]]


@pytest.mark.xdist_group(f"why {TOOLCHAINS[0]}")
def test_another_go(lanes):
    at = lanes(TOOLCHAINS[0])
    at.link("./cmd")
    other = lanes(TOOLCHAINS[-1]).machine.env["PATH"]
    at.link("./cmd", PATH=other)
    [(kind, text)] = at.packages("leaf")
    assert kind == "compiler"
    assert text == f"Go version: {TOOLCHAINS[0]} -> {TOOLCHAINS[-1]}"
    # All of the standard library has this one cause: it is one entry.
    group = at.why()["groups"][0]
    assert len(group["packages"]) > 20
    assert [cause["kind"] for cause in group["causes"]] == ["compiler"]


# --- the command ---

PARTS = ("./leaf", "./mid")


def test_against_another_machine(desk, tmp_path):
    """Run N+1 on another machine is explained by what run N left in the store."""
    files = {**FILES, "alone/alone.go": "package alone\n"}
    at = desk(files)
    at.build(*PARTS, "./alone")
    at.machine.wait_uploads(cwd=at.root)
    at.machine.stop()
    other = desk(name="other", root=at.root)
    edit(at.root, "leaf/leaf.go", LEAF.format(9))
    other.build(*PARTS, "./alone")
    answer = other.why()
    assert other.packages("leaf") == [("file", "leaf.go changed")]
    assert [group["root"] for group in answer["groups"]] == [f"{MODULE}/leaf"], answer["groups"]
    group = answer["groups"][0]
    assert group["against"]["job"] is None and group["against"]["source"]
    # What came from the store is named, too.
    hits = [one for one in answer["packages"] if one["answer"] != "missed"]
    assert f"{MODULE}/alone" in [one["package"] for one in hits]


def test_words(desk):
    at = desk()
    m = at.machine
    nothing = m.sluice_run("why", cwd=at.root)
    assert nothing.code == 1 and "no journal yet" in nothing.stderr, nothing.describe()
    at.build(*PARTS)
    for words, said in (
        (["--job", "nothing"], "no job nothing in the journal"),
        (["--against", "77"], "no job 77"),
        (["./none"], "no package ./none"),
        (["--nonsense"], "--nonsense"),
    ):
        run = m.sluice_run("why", *words, cwd=at.root)
        assert run.code == 2 and said in run.stderr, run.describe()
        assert len(run.stderr.strip().splitlines()) == 1, run.describe()
    # Later of a kind nobody knows, or damaged: one line, and a fresh one.
    m.stop()
    journal = m.cache / "sluice" / "journal"
    (journal / "journal.db").write_bytes(b"x" * 9000)
    at.build(*PARTS)
    m.stop()
    run = m.sluice_run("why", cwd=at.root)
    assert (journal / "journal.db.broken").exists()
    assert run.code == 0, run.describe()


def test_off_and_in_nobodys_way(desk):
    """Without a journal, with one that cannot be written, and killed: builds are as they were."""
    at = desk()
    at.build(*PARTS, SLUICE_JOURNAL="off")
    journal = at.machine.cache / "sluice" / "journal"
    assert not journal.exists()
    at.machine.stop()
    journal.write_text("in the way")
    edit(at.root, "leaf/leaf.go", LEAF.format(4))
    at.build(*PARTS)
    journal.unlink()
    at.machine.stop()
    edit(at.root, "leaf/leaf.go", LEAF.format(5))
    at.build(*PARTS)
    # It was built here just before, and the journal cannot know.
    begins = "no build of it is known: the journal begins with this job"
    assert at.packages("leaf", proven=False) == [("never-built", begins)]
