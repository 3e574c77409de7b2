"""`sluice test` says what `go test` says, earlier."""

import os
import re
import signal
import subprocess
import time

import pytest
from conftest import by_toolchain
from go_test_corpus import blocks, events, said_of_builds, go_test_text, write_corpus
from sluice_harness import wait_until


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpus") / "m")


def compare(machine, corpus, env, *words):
    """Both on one machine, go test first; results are not taken from it."""
    go = machine.go("test", *words, cwd=corpus, env=env)
    ours = machine.sluice_run("test", *words, cwd=corpus, env=env)
    assert ours.code == go.code, ours.describe() + go.describe()
    assert said_of_builds(ours.stderr) == said_of_builds(go.stderr), ours.describe()
    return ours, go


@pytest.mark.parametrize("version", by_toolchain("corpus"))
def test_every_way_to_end(version, machine, toolchain, corpus):
    m = machine("m", store=None)
    env = {"GOTOOLCHAIN": toolchain(version), "WHO": "me"}
    for words in ([], ["-v"], ["-v", "-p=1"], ["-short", "-run=A"]):
        ours, go = compare(m, corpus, env, "-count=1", *words, "./...")
        assert blocks(ours.stdout) == blocks(go.stdout), words
    ours, go = compare(m, corpus, env, "-json", "-count=1", "./...")
    ours_by_package, gos_by_package = events(ours.stdout), events(go.stdout)
    assert ours_by_package.keys() == gos_by_package.keys()
    for package, told in gos_by_package.items():
        assert ours_by_package[package] == told, package


def write_module(root, tests: dict[str, str], **files: str):
    """A module ex.com/m with a package for each of `tests`."""
    root.mkdir()
    (root / "go.mod").write_text("module ex.com/m\n\ngo 1.24\n")
    for name, body in tests.items():
        (root / name).mkdir()
        (root / name / "a.go").write_text(files.get(name, f"package {name}\n"))
        (root / name / "a_test.go").write_text(go_test_text(name, body))
    return root


def said_first(process) -> tuple[str, float]:
    """Its first line, and the seconds until then."""
    started = time.monotonic()
    return process.stdout.readline(), time.monotonic() - started


def test_results_are_gos_own(machine, tmp_path):
    """Whoever tests, the other one finds what it kept, here and on another machine."""
    module = write_module(
        tmp_path / "m",
        {
            "a": "func TestA(t *testing.T) {}",
            "b": 'func TestB(t *testing.T) { fmt.Println(os.Getenv("GOROOT"), os.Getenv("WHO")) }',
            "c": 'func TestC(t *testing.T) { if _, err := os.ReadFile("a.go"); err != nil '
            "{ t.Fatal(err) } }",
            "d": "func TestD(t *testing.T) { t.Fail() }",
        },
    )
    for path in module.rglob("*"):
        os.utime(path, (time.time() - 100, time.time() - 100))

    def cached(run) -> str:
        return "".join(sorted(re.findall(r"ex.com/m/(\w)\t\(cached\)", run.stdout)))

    store = tmp_path / "store"
    m = machine("m", store=store)
    test = ("test", "./...")
    assert cached(m.sluice_run(*test, cwd=module).fails(1)) == ""
    assert cached(m.plain_go(*test, cwd=module).fails(1)) == "abc"
    assert cached(m.sluice_run(*test, cwd=module).fails(1)) == "abc"
    assert cached(m.sluice_run(*test, cwd=module, env={"WHO": "you"}).fails(1)) == "ac"
    assert cached(m.plain_go(*test, cwd=module, env={"WHO": "you"}).fails(1)) == "abc"
    assert cached(m.plain_go("test", "-v", "./...", cwd=module).fails(1)) == ""
    told = m.sluice_run("test", "-v", "./...", cwd=module).fails(1)
    assert cached(told) == "abc" and "=== RUN   TestA" in told.stdout
    (module / "c" / "a.go").write_text("package c\n\nconst X = 1\n")
    assert cached(m.sluice_run(*test, cwd=module).fails(1)) == "ab"
    m.plain_go("clean", "-testcache", cwd=module).ok()
    assert cached(m.sluice_run(*test, cwd=module).fails(1)) == ""
    m.wait_uploads(cwd=module)
    other = machine("other", store=store)
    os.utime(module / "c" / "a.go", (time.time() - 50, time.time() - 50))
    told = other.sluice_run(*test, cwd=module).fails(1)
    assert cached(told) == "abc" and told.summary["tests_reused"] > 0, told.describe()


SLOW = "package slow\n" + "".join(
    f"func F{i}(a, b []int, m map[string][]int) (r int) {{\n"
    f"for i, x := range a {{ for j, y := range b {{ m[`k`] = append(m[`k`], x*y+i*j+{i}); "
    f"r += len(m[`k`]) * {i}; if r > {i} {{ r -= x }} else {{ r += y; b = append(b, r) }} }} }}\n"
    "return r }\n"
    for i in range(2500)
)


def test_no_test_waits_for_another_package(warm_machine, tmp_path):
    """The first package in the list compiles for long: the others' tests are over before."""
    module = write_module(
        tmp_path / "m",
        {"aaa": "func TestA(t *testing.T) {}", "quick": "func TestQ(t *testing.T) {}"},
        aaa=SLOW.replace("package slow", "package aaa"),
    )
    m = warm_machine("m", store=None)
    m.sluice_run("test", "./quick", cwd=module).ok()  # go vets it once, and remembers that
    process = m.popen(
        m.sluice, "test", "-count=1", "./...", cwd=module, stdout=subprocess.PIPE, text=True
    )
    line, first_s = said_first(process)
    assert line.startswith("ok  \tex.com/m/quick\t"), line
    rest, whole_s = said_first(process)
    assert rest.startswith("ok  \tex.com/m/aaa\t"), rest
    assert whole_s > first_s / 4, "the slow package is not slow"
    assert process.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_tests(number, warm_machine, tmp_path):
    module = write_module(
        tmp_path / "m",
        {
            "a": 'func TestA(t *testing.T) { os.WriteFile("started", nil, 0o600); '
            "time.Sleep(time.Hour) }",
            "b": "func TestB(t *testing.T) { time.Sleep(time.Hour) }",
        },
    )
    m = warm_machine("m", store=None)
    process = m.popen(
        m.sluice, "test", "./...", cwd=module, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert wait_until((module / "a" / "started").exists, 60)
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=30)
    assert process.returncode != 0, (out, err)
    assert b"FAIL\tex.com/m/a" in out, (out, err)
    programs = [
        name
        for pid in os.listdir("/proc")
        if pid.isdigit() and (name := program_of(pid)).startswith(str(m.tmp))
    ]
    assert programs == [] and list(m.tmp.glob("go-build-*")) == []


def program_of(pid: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def test_limits_of_time(warm_machine, tmp_path):
    """A test that takes too long, and one that leaves somebody with its output."""
    module = write_module(
        tmp_path / "m",
        {
            "long": "func TestL(t *testing.T) { time.Sleep(time.Hour) }",
            "leaves": 'func TestO(t *testing.T) { c := exec.Command("sleep", "30"); '
            "c.Stdout = os.Stdout; c.Start() }",
        },
    )
    m = warm_machine("m", store=None)
    for words in (["-timeout=1s"], ["-json", "-timeout=1s"]):
        go = m.go("test", "-count=1", *words, "./...", cwd=module).fails(1)
        ours = m.sluice_run("test", "-count=1", *words, "./...", cwd=module).fails(1)
        compare_as = events if "-json" in words else blocks
        assert compare_as(ours.stdout).keys() == compare_as(go.stdout).keys()
        for text in (ours.stdout, go.stdout):
            assert "panic: test timed out after 1s" in text
            assert "*** Test I/O incomplete 5s after exiting." in text


def test_only_go_can(warm_machine, tmp_path):
    """What sluice cannot do better is go's own, to the last word."""
    module = write_module(tmp_path / "m", {"a": "func TestA(t *testing.T) {}"})
    m = warm_machine("m", store=None)
    everything = ["-c ./a", "-coverpkg=./... -count=1 ./a", "-nosuchflag ./a", "./none"]
    for words in map(str.split, everything):
        go = m.go("test", *words, cwd=module)
        ours = m.sluice_run("test", *words, cwd=module)
        assert (ours.code, blocks(ours.stdout), ours.go_stderr) == (
            go.code,
            blocks(go.stdout),
            go.go_stderr,
        ), words
    inside = m.sluice_run("test", cwd=module / "a").ok()
    assert "PASS\nok" in inside.stdout


def test_failfast(warm_machine, tmp_path):
    module = write_module(
        tmp_path / "m",
        {name: "func TestA(t *testing.T) { t.Fail() }" for name in ("a", "b", "c")},
    )
    m = warm_machine("m", store=None)
    told = m.sluice_run("test", "-failfast", "-p=1", "./...", cwd=module).fails(1)
    assert len(re.findall(r"^FAIL\t", told.stdout, re.M)) == 1, told.stdout


@pytest.mark.parametrize("version", by_toolchain("corpus"))
def test_coverage(version, machine, toolchain, tmp_path):
    """Percentages and the profile are go's, with packages that have no tests or fail theirs."""
    code = "package {0}\n\nfunc F(x int) int {{\nif x > 0 {{\nreturn 1\n}}\nreturn 2\n}}\n"
    module = write_module(
        tmp_path / "m",
        {
            "a": "func TestA(t *testing.T) { F(1) }",
            "b": "func TestB(t *testing.T) { F(1); F(-1); t.Fail() }",
        },
        a=code.format("a"),
        b=code.format("b"),
    )
    (module / "none").mkdir()
    (module / "none" / "a.go").write_text(code.format("none"))
    (module / "empty").mkdir()
    (module / "empty" / "a_test.go").write_text(
        go_test_text("empty", "func TestE(t *testing.T) {}")
    )
    for path in module.rglob("*"):
        os.utime(path, (time.time() - 100, time.time() - 100))
    m = machine("m", store=None)
    env = {"GOTOOLCHAIN": toolchain(version)}
    for words in (
        ["-cover", "-count=1"],
        ["-covermode=atomic", "-json", "-count=1"],
        ["-coverprofile=c.out", "-count=1"],
        ["-coverprofile=c.out"],
        ["-coverprofile=c.out"],
    ):
        profiles = []
        ours, go = None, None
        for command in ("sluice", "go"):
            (module / "c.out").unlink(missing_ok=True)
            run = m.sluice_run if command == "sluice" else m.go
            told = run("test", *words, "./...", cwd=module, env=env).fails(1)
            ours, go = (told, go) if command == "sluice" else (ours, told)
            if "-coverprofile=c.out" in words:
                profiles.append(sorted((module / "c.out").read_text().splitlines()))
        as_go = events if "-json" in words else blocks
        said, wanted = as_go(ours.stdout), as_go(go.stdout)
        for package, text in wanted.items():
            # What ran a moment ago is remembered then.
            if "(cached)" not in str(text):
                assert said[package] == text, package
        if profiles:
            assert profiles[0] == profiles[1] and len(profiles[0]) == 10, profiles
