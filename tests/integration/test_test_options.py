"""What `sluice test` takes beside go's words: how many at once, why, what became of each test."""

import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import time
import xml.etree.ElementTree as ElementTree

import pytest
from conftest import by_toolchain
from sluice_harness import wait_until
from test_test_run import write_module

SLEEPS = {
    name: f'func Test{name.upper()}(t *testing.T) {{ time.Sleep({ms} * time.Millisecond) }}'
    for name, ms in (("a", 50), ("b", 50), ("c", 400), ("d", 50))
}
MIXED = {
    "good": "func TestGood(t *testing.T) { t.Log(1); time.Sleep(30 * time.Millisecond) }\n"
    'func TestSkip(t *testing.T) { t.Skip("not today") }',
    "bad": 'func TestBad(t *testing.T) { fmt.Println("printed"); '
    't.Run("sub", func(t *testing.T) { t.Error("wrong <&") }) }\n'
    "func TestFine(t *testing.T) { t.Log(1); time.Sleep(30 * time.Millisecond) }",
    "broken": "func TestX(t *testing.T) { undefined() }",
    "panics": 'func TestP(t *testing.T) { panic("oh") }',
    "none": "var X = 1",
}


def starts(run) -> list[str]:
    return re.findall(r"^sluice: \d+\.\d\d s: start ex\.com/m/(\w+) \(", run.stderr, re.M)


def test_why_each_started(warm_machine, tmp_path):
    """The first time as they come; then the longest first; the journal keeps every start."""
    module = write_module(tmp_path / "m", SLEEPS)
    m = warm_machine("m", store=None)
    test = ("test", "-count=1", "./...", "--explain-schedule", "--parallel")
    first = m.sluice_run(*test, "fixed=1", cwd=module).ok()
    assert sorted(starts(first)) == ["a", "b", "c", "d"]
    assert "(not run before)" in first.stderr and "; 1 at once" in first.stderr
    # By then all are linked before the first ends.
    second = m.sluice_run(*test, "fixed=1", cwd=module).ok()
    assert "c (expected 0.4" in second.stderr, second.stderr
    assert " for count; 1 at once" in second.stderr
    automatic = m.sluice_run(*test, "auto", cwd=module).ok()
    assert "; factor 1." in automatic.stderr
    in_order = m.sluice_run(*test, "go", "-p=1", cwd=module).ok()
    assert starts(in_order) == sorted(starts(in_order)), in_order.stderr
    journal = m.sluice_run("journal", "path", cwd=module).ok().stdout.strip()
    with sqlite3.connect(journal) as database:
        rows = database.execute(
            "SELECT package, held_by, is_known, expected_us FROM test_schedule"
        ).fetchall()
    assert len(rows) == 16
    assert {row[0] for row in rows} == {f"ex.com/m/{name}" for name in SLEEPS}
    known = [row for row in rows if row[2] == 1]
    assert len(known) == 12 and all(row[3] > 0 for row in known)
    assert "count" in {row[1] for row in rows}


@pytest.mark.parametrize(
    "how", ["auto", "fixed=3", "go", "threshold", "threshold=cpu:50%,memory:1MB,slots:2,every:1s"]
)
def test_every_strategy_runs_all(how, warm_machine, tmp_path):
    module = write_module(tmp_path / "m", SLEEPS)
    m = warm_machine("m", store=None)
    run = m.sluice_run("test", "--parallel", how, "./...", cwd=module).ok()
    assert len(re.findall(r"^ok  \tex.com/m/", run.stdout, re.M)) == 4
    assert re.search(r"^sluice: 4 packages in \d+\.\d\d s: 4 ran", run.stderr, re.M), run.stderr


def test_words_that_are_wrong(warm_machine, tmp_path):
    """One line, exit 2, and nothing is done."""
    module = write_module(tmp_path / "m", {"a": "func TestA(t *testing.T) {}"})
    m = warm_machine("m", store=None)
    for words, said in {
        "--parallel fast": 'test: --parallel: "fast" is not auto, fixed=N, go or threshold',
        "--parallel fixed=0": "fixed needs a number from 1",
        "--parallel threshold=cpu:200%": "of threshold can be said cpu:85%",
        "--parallel": "test: --parallel needs a HOW",
        "--slowest many": 'test: --slowest: "many" is no number',
        "--junit none/out.xml": "none is no directory",
        "--junit a": "a is a directory",
        "--explain-shedule": "did you mean --explain-schedule?",
    }.items():
        run = m.sluice_run("test", "./...", *words.split(), cwd=module).fails(2)
        assert said in run.stderr and len(run.stderr.splitlines()) == 1, run.describe()
        assert run.stdout == ""
    assert sorted(path.name for path in module.iterdir()) == ["a", "go.mod"]
    left = m.sluice_run("test", "-bench=.", "--slowest", "3", "./a", cwd=module).ok()
    assert "flags of sluice count for nothing: -bench is go's own business" in left.stderr
    (module / "old.xml").write_text("old")
    m.sluice_run("test", "--junit=old.xml", "--trust-domain=X", "./a", cwd=module).fails(2)
    assert (module / "old.xml").read_text() == "old"
    off = m.sluice_run(
        "test", "--junit=old.xml", "./a", cwd=module, env={"SLUICE": "off"}
    ).ok()  # fmt: skip
    assert "count for nothing: sluice steps aside" in off.stderr
    assert not (module / "old.xml").exists()
    quiet = m.sluice_run("test", "--quiet", "./a", cwd=module).ok()
    assert "sluice:" not in quiet.stderr


@pytest.mark.parametrize("version", by_toolchain("junit"))
def test_junit(version, machine, toolchain, tmp_path):
    """What became of each test, also where results are from before; the text stays go's."""
    module = write_module(tmp_path / "m", MIXED)
    for path in module.rglob("*"):
        os.utime(path, (1e9, 1e9))
    m = machine("m", store=None)
    env = {"GOTOOLCHAIN": toolchain(version)}
    for again in (False, True):
        run = m.sluice_run(
            "test", "--junit=out.xml", "--slowest=2", "./...", cwd=module, env=env
        ).fails(1)
        assert ("ex.com/m/good\t(cached)" in run.stdout) == again, run.stdout
        assert "--- FAIL: TestBad (0.00s)\nprinted\n    --- FAIL: TestBad/sub" in run.stdout
        assert "=== RUN" not in run.stdout and "TestFine" not in run.stdout
        assert run.stdout.count("FAIL\tex.com/m/bad\t") == 1
        assert len(re.findall(r"^sluice: \d+\.\d\d s ex.com/m/\w+ Test", run.stderr, re.M)) == 2
        root = ElementTree.parse(module / "out.xml").getroot()
        assert root.tag == "testsuites"
        cases = {
            (case.get("classname"), case.get("name")): sorted(child.tag for child in case)
            for case in root.iter("testcase")
        }
        assert cases == {
            ("ex.com/m/bad", "TestBad"): ["failure"],
            ("ex.com/m/bad", "TestBad/sub"): ["failure"],
            ("ex.com/m/bad", "TestFine"): [],
            ("ex.com/m/broken", "[not built, or vet is against it]"): ["error"],
            ("ex.com/m/good", "TestGood"): [],
            ("ex.com/m/good", "TestSkip"): ["skipped"],
            ("ex.com/m/panics", "TestP"): ["failure"],
        }
        suites = {suite.get("name"): suite for suite in root.iter("testsuite")}
        assert suites["ex.com/m/bad"].get("failures") == "2"
        [failure] = suites["ex.com/m/bad"].findall("testcase[@name='TestBad/sub']/failure")
        assert re.fullmatch(r"a_test\.go:\d+: wrong <&", failure.get("message"))
        assert "panic: oh" in suites["ex.com/m/panics"].findall("testcase/failure")[0].text
    # go -json finds the same results; each test is in the journal.
    go = m.go("test", "-json", "./good", cwd=module, env=env).ok()
    assert "(cached)" in go.stdout
    journal = m.sluice_run("journal", "path", cwd=module).ok().stdout.strip()
    with sqlite3.connect(journal) as database:
        rows = set(database.execute("SELECT package, test, outcome FROM test_run WHERE test <> ''"))
    assert ("ex.com/m/bad", "TestBad", 1) in rows and ("ex.com/m/good", "TestGood", 0) in rows
    assert not any("/" in test for _, test, _ in rows)


def test_junit_beside_json_and_verbose(warm_machine, tmp_path):
    module = write_module(tmp_path / "m", {name: MIXED[name] for name in ("good", "bad")})
    m = warm_machine("m", store=None)
    test = ("test", "-count=1", "./...")
    verbose = m.sluice_run(*test, "-v", "--junit=v.xml", cwd=module).fails(1)
    plain = m.go(*test, "-v", cwd=module).fails(1)
    # Reports of subtests come when these end, as with -json.
    said = [re.sub(r"\d+\.\d+s|^ +(?=---)", "", text, flags=re.M) for text in
            (verbose.stdout, plain.stdout)]  # fmt: skip
    assert sorted(said[0].splitlines()) == sorted(said[1].splitlines())
    events = m.sluice_run(*test, "-json", "--junit=j.xml", cwd=module).fails(1)
    actions = [json.loads(line)["Action"] for line in events.stdout.splitlines()]
    assert actions.count("fail") == 3 and "\x16" not in events.stdout
    for name in ("v.xml", "j.xml"):
        root = ElementTree.parse(module / name).getroot()
        assert root.get("tests") == "5" and root.get("failures") == "2", name


def test_annotations_on_github(warm_machine, tmp_path):
    module = write_module(tmp_path / "m", MIXED)
    m = warm_machine("m", store=None)
    github = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(tmp_path)}
    for words in ([], ["-v"], ["--junit=out.xml"], ["-json"]):
        run = m.sluice_run("test", "-count=1", *words, "./...", cwd=module, env=github).fails(1)
        [line] = [line for line in run.stderr.splitlines() if line.startswith("::")]
        assert re.fullmatch(
            r"::error file=m/bad/a_test\.go,line=\d+,title=ex\.com/m/bad TestBad/sub::wrong <&",
            line,
        ), line
    here = m.sluice_run("test", "-count=1", "./...", cwd=module).fails(1)
    assert "::error" not in here.stderr


def test_an_interrupted_run_still_writes_junit(warm_machine, tmp_path):
    module = write_module(
        tmp_path / "m",
        {
            "a": "func TestA(t *testing.T) { time.Sleep(time.Hour) }",
            "b": "func TestB(t *testing.T) {}",
        },
    )
    m = warm_machine("m", store=None)
    process = m.popen(
        m.sluice,
        "test",
        "--junit=out.xml",
        "./...",
        cwd=module,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().startswith("ok  \tex.com/m/b")
    os.killpg(process.pid, 2)
    process.communicate(timeout=60)
    root = ElementTree.parse(module / "out.xml").getroot()
    assert {suite.get("name") for suite in root} == {"ex.com/m/a", "ex.com/m/b"}
    assert int(root.get("failures")) + int(root.get("errors")) == 1


@pytest.mark.parametrize("where", ["run", "ci", "same path", "isolated", "workspace", "here"])
def test_wherever_it_is_started(where, warm_machine, tmp_path):
    """Within other commands of sluice and at other places; the second time nothing runs."""
    module = write_module(
        tmp_path / "m",
        {name: SLEEPS[name] for name in ("a", "b")},
        a='package a\n\nconst A = "a"\n',
    )
    for path in module.rglob("*"):
        os.utime(path, (1e9, 1e9))
    m = warm_machine("m", store=tmp_path / "store")
    directory, env = module, {}
    words: list[str] = [str(m.sluice), "test"]
    packages = ["./..."]
    if where == "run":
        words = [str(m.sluice), "run", "--", *words]
    if where == "isolated":
        words = [str(m.sluice), "job", "--isolated", "--", *words]
    if where == "same path":
        words += ["--same-path", "always"]
    if where == "workspace":
        (tmp_path / "go.work").write_text("go 1.24\n\nuse ./m\n")
        directory, packages = tmp_path, ["ex.com/m/..."]
    if where == "here":
        directory, packages = module / "a", [".", "../b"]
    if where == "ci":
        env = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "1", "GITHUB_JOB": "j", "CI": "true"}
        told = m.sluice_run("ci", "begin", "--shell", "github", cwd=module, env=env).ok().stdout
        env |= dict(line.split("=", 1) for line in told.splitlines())
    for again in (False, True):
        run = m.run(*words, *packages, cwd=directory, env=env).ok()
        assert len(re.findall(r"^ok  \tex.com/m/[ab]\t", run.stdout, re.M)) == 2, run.describe()
        assert ("(cached)" in run.stdout) == again, run.describe()
        ran, kept = ("0 ran", "2 kept") if again else ("2 ran", "")
        assert ran in run.stderr and kept in run.stderr, run.describe()
        assert "go test runs" not in run.stderr
    if where == "ci":
        m.sluice_run("ci", "end", cwd=module, env=env).ok()


def read_terminal(master: int) -> str:
    said = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # the other end is closed
            return said.decode()
        if not piece:
            return said.decode()
        said += piece


def test_a_terminal_is_told_how_far_it_is(warm_machine, tmp_path):
    module = write_module(
        tmp_path / "m",
        {
            "long": "func TestA(t *testing.T) { time.Sleep(1500 * time.Millisecond) }",
            "broken": "func TestX(t *testing.T) { undefined() }",
        },
    )
    m = warm_machine("m", store=None)
    for _ in range(2):
        master, terminal = pty.openpty()
        process = m.popen(
            m.sluice, "test", "-count=1", "./...", cwd=module, stdout=terminal, stderr=terminal
        )
        os.close(terminal)
        said = read_terminal(master)
        os.close(master)
        assert process.wait() == 1
    lines = re.findall(r"\r\x1b\[Ksluice: ([^\r\x1b]*)", said)
    assert any(re.search(r"of 1 packages?; run: m/long \d\.\d s", line) for line in lines), said
    assert any("left" in line for line in lines), said
    # What others say begins on a line of its own.
    shown = re.sub(r"[^\r\n]*\r\x1b\[K", "", said.replace("\r\n", "\n"))
    assert re.search(r"^# ex.com/m/broken", shown, re.M), said
    assert re.search(r"^ok  \tex.com/m/long\t", shown, re.M), said
    assert re.search(r"^sluice: \d packages in ", shown, re.M), said


FLAKY = (
    "func attempt(t *testing.T, name string) int { f, _ := os.OpenFile(name, "
    "os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600); defer f.Close(); f.WriteString(`x`); "
    "s, _ := f.Stat(); return int(s.Size()) }\n"
)
RETRIED = {
    "flaky": FLAKY + 'func TestOnce(t *testing.T) { if attempt(t, "once") < 3 '
    '{ t.Error("not yet") } }\nfunc TestFine(t *testing.T) { attempt(t, "fine") }',
    "broken": FLAKY + 'func TestNever(t *testing.T) { t.Error("never", attempt(t, "never")) }',
    "panics": FLAKY + 'func TestP(t *testing.T) { if attempt(t, "p") == 1 { panic("oh") } }\n'
    'func TestQ(t *testing.T) { attempt(t, "q") }',
    "init": FLAKY + 'func init() { attempt(nil, "init"); panic("always") }\n'
    "func TestI(t *testing.T) {}",
    "good": "func TestG(t *testing.T) {}",
}


def attempts(module) -> dict[str, int]:
    names = ("flaky/once", "flaky/fine", "broken/never", "panics/p", "panics/q", "init/init")
    return {
        name: len((module / name).read_text()) if (module / name).exists() else 0 for name in names
    }


@pytest.mark.parametrize("form", ["text", "json", "verbose"])
def test_retries(form, warm_machine, tmp_path):
    module = write_module(tmp_path / "m", RETRIED)
    m = warm_machine("m", store=None)
    words = {"text": [], "json": ["-json"], "verbose": ["-v"]}[form]
    test = ("test", "--retries=2", "--junit=out.xml", *words, "./...")
    run = m.sluice_run(*test, cwd=module).fails(1)
    assert attempts(module) == {
        "flaky/once": 3,
        "flaky/fine": 1,
        "broken/never": 3,
        "panics/p": 2,
        "panics/q": 1,
        "init/init": 1,
    }
    assert "sluice: flaky: ex.com/m/flaky TestOnce failed, and passed when it was run again" in (
        run.stderr
    )
    assert "sluice: flaky: ex.com/m/panics TestP failed, and passed" in run.stderr
    assert re.search(r"5 ran, 2 of them failed, 2 flaky tests", run.stderr), run.stderr
    if form == "json":
        events = [json.loads(line) for line in run.stdout.splitlines()]
        ends = {
            event["Package"].rsplit("/")[-1]: event["Action"]
            for event in events
            if "Test" not in event and event["Action"] in ("pass", "fail")
        }
        assert ends == {
            "flaky": "pass", "broken": "fail", "panics": "pass", "init": "fail", "good": "pass"
        }  # fmt: skip
        once = [e["Action"] for e in events if e.get("Test") == "TestOnce"]
        assert [action for action in once if action != "output"] == [
            "run", "fail", "run", "fail", "run", "pass"
        ]  # fmt: skip
    else:
        assert re.search(r"^ok  \tex.com/m/flaky\t[\d.]+s \[flaky: TestOnce\]$", run.stdout, re.M)
        assert re.search(r"^ok  \tex.com/m/panics\t[\d.]+s \[flaky: TestP\]$", run.stdout, re.M)
        assert re.search(r"^FAIL\tex.com/m/broken\t[\d.]+s$", run.stdout, re.M)
        assert run.stdout.count("not yet") == 2 and "panic: oh" in run.stdout
    root = ElementTree.parse(module / "out.xml").getroot()
    tags = {
        case.get("name"): [child.tag for child in case]
        for case in root.iter("testcase")
        if len(case)
    }
    assert tags["TestOnce"] == ["flakyFailure", "flakyFailure"]
    assert tags["TestNever"] == ["rerunFailure", "rerunFailure", "failure"]
    # A flaky result is not kept; a clean one is.
    for name in ("flaky/once", "panics/p"):
        (module / name).write_text("xxxxx")
    for path in module.rglob("*"):
        os.utime(path, (1e9, 1e9))
    again = m.sluice_run(*test, cwd=module).fails(1)
    cached = set(re.findall(r"ok  \\?t?\s*ex.com/m/(\w+)\\?t?\s*\(cached\)", again.stdout))
    assert cached == {"good"}, again.stdout


def test_no_retries_where_much_fails_or_nothing_was_asked(warm_machine, tmp_path):
    many = "".join(
        f'func Test{i}(t *testing.T) {{ t.Error(attempt(t, "f{i}")) }}\n' for i in range(11)
    )
    module = write_module(tmp_path / "m", {"a": FLAKY + many, "b": RETRIED["broken"]})
    m = warm_machine("m", store=None)
    run = m.sluice_run("test", "--retries=1", "./...", cwd=module).fails(1)
    assert "sluice: 12 tests failed, and more than 10 are not run again" in run.stderr
    assert (module / "a" / "f3").read_text() == "x" and (module / "b" / "never").read_text() == "x"
    m.sluice_run("test", "./b", cwd=module).fails(1)
    m.sluice_run("test", "--retries=3", "-failfast", "./b", cwd=module).fails(1)
    assert (module / "b" / "never").read_text() == "xxx"


def test_a_terminal_stops_the_tests_too(warm_machine, tmp_path):
    """Ctrl-Z, and `fg`."""
    module = write_module(
        tmp_path / "m",
        {
            "a": "func TestA(t *testing.T) { for i := 0; i < 40; i++ { f, _ := os.OpenFile("
            '"log", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); f.WriteString("x"); f.Close(); '
            "time.Sleep(50 * time.Millisecond) } }"
        },
    )
    m = warm_machine("m", store=None)
    master, terminal = pty.openpty()
    process = m.popen(
        m.sluice, "test", "./...", cwd=module, stdin=terminal, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    log = module / "a" / "log"
    assert wait_until(lambda: log.exists() and log.stat().st_size > 2, 60)
    os.killpg(process.pid, signal.SIGTSTP)
    time.sleep(0.5)
    stopped_at = log.stat().st_size
    time.sleep(0.5)
    assert log.stat().st_size == stopped_at < 40
    os.killpg(process.pid, signal.SIGCONT)
    said = read_terminal(master)
    os.close(master)
    assert process.wait() == 0 and log.stat().st_size == 40, said


def test_what_is_hidden_behind_an_end_is_run_too(warm_machine, tmp_path):
    """os.Exit in one test: those behind it never ran, and count in the next attempt."""
    module = write_module(
        tmp_path / "m",
        {
            "exits": FLAKY + 'func TestB(t *testing.T) { if attempt(t, "b") == 1 { os.Exit(1) } }\n'
            'func TestC(t *testing.T) { attempt(t, "c"); t.Error("always") }',
            "first": FLAKY + 'func TestA(t *testing.T) { if attempt(t, "a") == 1 { t.Fail() } }\n'
            'func TestB(t *testing.T) { attempt(t, "b"); t.Error("always") }',
        },
    )
    m = warm_machine("m", store=None)
    run = m.sluice_run("test", "./exits", "--retries=1", "--junit=o.xml", cwd=module).fails(1)
    assert (module / "exits" / "c").read_text() == "x" and "always" in run.stdout
    root = ElementTree.parse(module / "o.xml").getroot()
    tags = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
    assert tags == {"TestB": ["flakyFailure"], "TestC": ["failure"]}
    words = ("test", "./first", "--retries=1", "-args", "-test.failfast")
    run = m.sluice_run(*words, cwd=module).fails(1)
    assert "nothing is run again with -failfast" in run.stderr
    assert (module / "first" / "a").read_text() == "x"


def test_a_panic_beside_parallel_tests_is_one_failure(warm_machine, tmp_path):
    tests = "".join(
        f"func TestP{i}(t *testing.T) {{ t.Parallel(); "
        + ('if attempt(t, "p") == 1 { panic("boom") }' if i == 0 else "time.Sleep(1)")
        + " }\n"
        for i in range(20)
    )
    module = write_module(tmp_path / "m", {"a": FLAKY + tests})
    m = warm_machine("m", store=None)
    plain = m.sluice_run(
        "test", "-parallel=1", "--junit=o.xml", "./...", cwd=module
    ).fails(1)  # fmt: skip
    root = ElementTree.parse(module / "o.xml").getroot()
    assert int(root.get("failures")) <= 2 and "panic: boom" in plain.stdout
    (module / "a" / "p").unlink()
    run = m.sluice_run("test", "-parallel=1", "--retries=1", "./...", cwd=module).ok()
    assert re.search(r"^ok  \tex.com/m/a\t[\d.]+s \[flaky: TestP0", run.stdout, re.M), run.stdout


def test_verbose_output_of_packages_does_not_mix(warm_machine, tmp_path):
    body = (
        "func TestA(t *testing.T) {{ for i := 0; i < 10; i++ {{ fmt.Println({0!r}, i); "
        "time.Sleep(20 * time.Millisecond) }} }}"
    ).replace("!r", "")
    module = write_module(
        tmp_path / "m", {name: body.format(f'"{name}"') for name in ("a", "b")}
    )
    m = warm_machine("m", store=None)
    for _ in range(2):
        run = m.sluice_run(
            "test", "-v", "-count=1", "--parallel=fixed=2", "--junit=o.xml", "./...", cwd=module
        ).ok()  # fmt: skip
    said = "".join(re.findall(r"^([ab]) \d$", run.stdout, re.M))
    assert said in ("a" * 10 + "b" * 10, "b" * 10 + "a" * 10), run.stdout


def test_what_to_run_again(warm_machine, tmp_path):
    """The line that is told fails in the same way, with plain go."""
    module = write_module(
        tmp_path / "m",
        {
            "bad": 'func TestBad(t *testing.T) { t.Error("seed", os.Getenv("SLUICE_SEED")) }\n'
            'func TestWorse(t *testing.T) { t.Run("a b", func(t *testing.T) { t.Fatal(1) }) }\n'
            "func TestFine(t *testing.T) { t.Log(1) }",
            "init": 'func init() { panic("no") }\nfunc TestX(t *testing.T) {}',
            "broken": "func TestX(t *testing.T) { undefined() }",
        },
    )
    m = warm_machine("m", store=None)
    words = ("-short", "-shuffle=on", "--slowest", "1", "./...", "-args", "a b")
    run = m.sluice_run("test", *words, cwd=module).fails(1)
    lines = re.findall(r"^sluice: again: (.*)$", run.stderr, re.M)
    assert len(lines) == 2, run.stderr
    [bad] = [line for line in lines if "ex.com/m/bad" in line]
    [init] = [line for line in lines if "ex.com/m/init" in line]
    assert re.fullmatch(
        r"GOMAXPROCS=\d+ SLUICE_SEED=\d+ go test '-run=\^\(Test(Bad\|TestWorse|Worse\|TestBad)\)"
        r"\$' "
        r"-shuffle=\d+ -short=true ex.com/m/bad -args 'a b'",
        bad,
    ), bad
    again = m.run("sh", "-c", bad, cwd=module, env={"GOCACHE": str(m.gocache)}).fails(1)
    seed = re.search(r"SLUICE_SEED=(\d+)", bad)[1]
    assert f"seed {seed}" in again.stdout and "TestFine" not in again.stdout
    assert f"seed {seed}" in run.stdout
    again = m.run("sh", "-c", init, cwd=module, env={"GOCACHE": str(m.gocache)}).fails(1)
    assert "panic: no" in again.stdout
    quiet = m.sluice_run("test", "--quiet", *words, cwd=module).fails(1)
    assert "again" not in quiet.stderr
