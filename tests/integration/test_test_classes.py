"""Classes of tests in sluice.toml: which tests are of which, what they need, when they start."""

import json
import re
import time
from pathlib import Path

import pytest
from sluice_harness import wait_until
from test_test_run import write_module

APPEND = """
func note(t *testing.T, what string) {
	file, err := os.OpenFile(os.Getenv("NOTES"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil { t.Fatal(err) }
	defer file.Close()
	fmt.Fprintf(file, "%s %s slot=%s ports=%s seed=%s db=%s\\n", what, t.Name(),
		os.Getenv("SLUICE_SLOT"), os.Getenv("SLUICE_PORTS"), os.Getenv("SLUICE_SEED"),
		os.Getenv("DB"))
}
"""


def sleeper(name: str, ms: int = 60) -> str:
    return (
        f'func Test{name}(t *testing.T) {{ note(t, "begin"); '
        f'time.Sleep({ms} * time.Millisecond); note(t, "end") }}{APPEND}'
    )


def notes_of(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def most_at_once(notes: list[list[str]], names: set[str]) -> int:
    now = most = 0
    for what, name, *_ in notes:
        if name in names:
            now += 1 if what == "begin" else -1
            most = max(most, now)
    return most


@pytest.fixture
def shop(tmp_path):
    """Two packages of units, three that need a database, one end to end, one of both."""
    module = write_module(
        tmp_path / "m",
        {
            "a": sleeper("A"),
            "b": sleeper("B"),
            "db1": sleeper("One"),
            "db2": sleeper("Two"),
            "db3": sleeper("Three"),
            "browse": sleeper("Browse"),
            "both": sleeper("Quick")
            + 'func TestIntegrationSlow(t *testing.T) { note(t, "begin"); note(t, "end") }',
        },
    )
    (module / "sluice.toml").write_text(RULES)
    return module


RULES = """
quiet = true

[test.class.db]
paths = ["db*"]
names = ["TestIntegration*"]
after = ["unit"]
parallelism = 2
retries = 1
setup = ["echo DB=set-up >> $SLUICE_ENV", "echo up $SLUICE_CLASS >> $NOTES"]
teardown = ["echo down $DB >> $NOTES"]
env = { DB = "from the file" }
resources = { pool = 1 }

[test.class.e2e]
packages = ["ex.com/m/browse/..."]
after = ["db"]

[test.resource]
pool = 1
"""
DB = {"TestOne", "TestTwo", "TestThree", "TestIntegrationSlow"}


def test_order_resources_and_surroundings(warm_machine, shop, tmp_path):
    m = warm_machine("m", store=None)
    notes = tmp_path / "notes"
    env = {"NOTES": str(notes), "SLUICE_SEED": "77"}
    run = m.sluice_run("test", "--parallel", "fixed=8", "./...", cwd=shop, env=env).ok()
    assert len(re.findall(r"^ok  \t", run.stdout, re.M)) == 7, run.describe()
    seen = notes_of(notes)
    order = [words[1] for words in seen]
    assert ["up", "db"] in seen and ["down", "set-up"] in seen
    assert max(order.index("TestA"), order.index("TestB")) < order.index("db")
    firsts = [words[1] for words in seen if words[0] == "begin"]
    assert set(firsts[:2]) == {"TestA", "TestB"} and firsts[-1] == "TestBrowse"
    assert most_at_once(seen, DB) == 1, "there is one pool"
    assert order.index("set-up") > max(order.index(name) for name in DB)
    for what, name, *rest in seen:
        if what in ("begin", "end"):
            said = dict(word.split("=", 1) for word in rest)
            assert said["seed"] == "77"
            first, last = map(int, said["ports"].split("-"))
            assert first == 10_000 + 100 * int(said["slot"]) and last == first + 99
            assert said["db"] == ("set-up" if name in DB | {"TestQuick"} else "")
    # Results of what needs something outside are not kept, those of others are.
    again = m.sluice_run("test", "./...", cwd=shop, env=env).ok()
    kept = set(re.findall(r"^ok  \tex.com/m/(\w+)\t\(cached\)", again.stdout, re.M))
    assert kept == set(), "seed, slot and ports are consulted: another slot is another result"


def test_places_of_a_class(warm_machine, shop, tmp_path):
    (shop / "sluice.toml").write_text(RULES.replace("pool = 1", "pool = 3", 2).replace(
        "{ pool = 3 }", "{ pool = 1 }"))
    for name in ("db1", "db2", "db3"):  # some are started a tenth of a second after others
        test = shop / name / "a_test.go"
        test.write_text(test.read_text().replace("Sleep(60", "Sleep(500"))
    m = warm_machine("m", store=None)
    notes = tmp_path / "notes"
    m.sluice_run("test", "-count=1", "--parallel", "fixed=8", "./...", cwd=shop,
                 env={"NOTES": str(notes)}).ok()  # fmt: skip
    assert most_at_once(notes_of(notes), DB) == 2


def test_one_class(warm_machine, shop, tmp_path):
    m = warm_machine("m", store=None)
    notes = tmp_path / "notes"

    def ran(*words: str, code: int = 0) -> tuple[set[str], object]:
        notes.unlink(missing_ok=True)
        run = m.sluice_run(
            "test", "-count=1", *words, cwd=shop, env={"NOTES": str(notes)}
        ).fails(code)
        return {words[1] for words in notes_of(notes) if words[0] == "begin"}, run

    assert ran("--class", "db", "./...")[0] == DB
    assert ran("--class=unit", "./...")[0] == {"TestA", "TestB", "TestQuick"}
    assert ran("./...", "--class", "unit,e2e", "-skip", "TestA")[0] == {
        *("TestB", "TestQuick", "TestBrowse")
    }
    assert ran("--class", "e2e", "-json", "./...")[0] == {"TestBrowse"}
    assert ran("--filter", "test(TestIntegration*) | package(ex.com/m/a)", "./...")[0] == {
        *("TestIntegrationSlow", "TestA")
    }
    assert ran("--filter=!class(db)", "--class=unit,db", "./b", "./both", "./db1")[0] == {
        *("TestB", "TestQuick")
    }
    found, run = ran("--class", "e2e", "./a", "./b")
    assert not found and "no test is of what was chosen" in run.stderr and run.stdout == ""
    # Files that were asked for say so, in place of those of another run.
    report, profile = tmp_path / "j.xml", tmp_path / "c.out"
    profile.write_text("old")
    ran("--class", "e2e", "./a", f"--junit={report}", f"-coverprofile={profile}")
    assert 'tests="0"' in report.read_text() and profile.read_text() == "mode: set\n"
    # What go cannot list it says itself.
    plain = m.plain_go("test", "./nowhere", cwd=shop)
    _, run = ran("--class", "e2e", "./nowhere", code=1)
    assert run.stdout == plain.stdout


def test_a_class_by_tag_and_by_comment(warm_machine, tmp_path):
    module = write_module(tmp_path / "m", {"p": "func TestP(t *testing.T) {}"})
    tagged = 'package p\n\nimport "testing"\n\nfunc TestTagged(t *testing.T) { t.Log(1) }\n'
    (module / "p" / "tagged_test.go").write_text("//go:build integration\n\n" + tagged)
    (module / "p" / "said_test.go").write_text(
        tagged.replace("TestTagged", "TestSaid").replace("func", "//sluice:class e2e\nfunc")
    )
    m = warm_machine("m", store=None)

    def ran(name: str) -> list[str]:
        run = m.sluice_run("test", "-v", "--class", name, "./...", cwd=module).ok()
        return re.findall(r"^--- PASS: (\w+)", run.stdout, re.M)

    assert ran("integration") == ["TestTagged"]
    assert ran("e2e") == ["TestSaid"]
    assert ran("unit") == ["TestP"]
    # What is skipped is said to go in its own words: the result is one of go's.
    again = m.plain_go("test", "-v", "-skip", "^(TestSaid)$", "./...", cwd=module).ok()
    assert "(cached)" in again.stdout
    (module / "p" / "said_test.go").write_text(tagged.replace("func", "//sluice:class no\nfunc"))
    run = m.sluice_run("test", "--class", "unit", "./...", cwd=module).fails(2)
    assert "p/said_test.go: //sluice:class no: there is no such class" in run.stderr
    assert run.stdout == "" and len(run.stderr.splitlines()) == 1
    (module / "sluice.toml").write_text("[test.resource]\nx = 1\n")
    run = m.sluice_run("test", "./...", cwd=module).fails(2)
    assert "p/said_test.go: //sluice:class no: there is no such class" in run.stderr


def test_what_fails_holds_up_what_comes_after(warm_machine, shop, tmp_path):
    m = warm_machine("m", store=None)
    notes = tmp_path / "notes"
    env = {"NOTES": str(notes)}
    (shop / "sluice.toml").write_text(RULES.replace("quiet = true", ""))
    (shop / "a" / "more_test.go").write_text(
        'package a\n\nimport "testing"\n\nfunc TestNo(t *testing.T) { t.Fatal("no") }\n'
    )
    report = tmp_path / "out.xml"
    words = ("test", "-count=1", "./...", f"--junit={report}")
    run = m.sluice_run(*words, cwd=shop, env=env).fails(1)
    assert "db1 is not run: tests of class unit have failed, which come first" in run.stderr
    assert {words[1] for words in notes_of(notes) if words[0] == "begin"} == {"TestA", "TestB"}
    assert ["up", "db"] not in notes_of(notes)
    assert "5 not run" in run.stderr, run.stderr
    assert "1 package with tests of classes that come after one another" in run.stderr
    assert report.read_text().count('message="not run"') == 5
    # A set-up that fails: its tests fail, and it is torn down.
    (shop / "a" / "more_test.go").unlink()
    (shop / "sluice.toml").write_text(
        RULES.replace('"echo up', '"echo broken; exit 3", "echo up')
    )
    notes.unlink()
    run = m.sluice_run(*words, cwd=shop, env=env).fails(1)
    assert "sluice: the set-up of class db failed: exit status 3\nsluice:   broken\n" in run.stderr
    assert "the set-up of class db failed" in report.read_text()
    assert re.search(r"^FAIL\tex.com/m/db1\t", run.stdout, re.M), run.stdout
    assert ["down", "set-up"] in notes_of(notes) and ["up", "db"] not in notes_of(notes)
    assert "browse is not run: tests of class db have failed" in run.stderr
    (shop / "sluice.toml").write_text(
        RULES.replace('"echo DB=set-up >> $SLUICE_ENV"', '"echo no >> $SLUICE_ENV"')
    )
    run = m.sluice_run("test", "--class=db", "./db1", cwd=shop, env=env).fails(1)
    assert 'class db failed: SLUICE_ENV: line 1 is no NAME=VALUE: "no"' in run.stderr


def test_limits_of_a_class(warm_machine, tmp_path):
    """Its own time, what is slow, attempts; what the command says goes before."""
    module = write_module(
        tmp_path / "m",
        {"long": "func TestLong(t *testing.T) { time.Sleep(3 * time.Second) }",
         "once": 'func TestOnce(t *testing.T) { if os.Mkdir(os.Getenv("MARK"), 0o755) == nil '
                 '{ t.Fatal("first") } }'},
    )  # fmt: skip
    (module / "sluice.toml").write_text(
        '[test.class.hasty]\npaths = "long"\ntimeout = "2s"\nslow-after = "1s"\n'
        '[test.class.shaky]\npaths = "once"\nretries = 1\n'
    )
    m = warm_machine("m", store=None)
    began = time.monotonic()
    run = m.sluice_run(
        "test", "./...", cwd=module, env={"MARK": str(tmp_path / "mark")}
    ).fails(1)  # fmt: skip
    assert time.monotonic() - began < 60
    assert "panic: test timed out after 2s" in run.stdout
    assert re.search(
        r"^sluice: slow: ex.com/m/long has been running for 1 s; class hasty is slow after 1 s$",
        run.stderr, re.M,
    ), run.stderr  # fmt: skip
    assert "flaky: ex.com/m/once TestOnce" in run.stderr
    m.sluice_run("test", "-timeout=9s", "./long", cwd=module).ok()
    run = m.sluice_run(
        "test", "--retries", "0", "./once", cwd=module, env={"MARK": str(tmp_path / "mark2")}
    ).fails(1)  # fmt: skip


def test_an_interrupt_tears_down(warm_machine, shop, tmp_path):
    (shop / "sluice.toml").write_text(RULES.replace('after = ["unit"]\n', ""))
    (shop / "db1" / "long_test.go").write_text(
        'package db1\n\nimport ("testing"; "time")\n\n'
        'func TestLong(t *testing.T) { note(t, "begin"); time.Sleep(time.Minute) }\n'
    )
    m = warm_machine("m", store=None)
    notes = tmp_path / "notes"
    process = m.popen(
        m.sluice, "test", "--class", "db", "./db1", cwd=shop, env={"NOTES": str(notes)}
    )
    assert wait_until(lambda: any(w[1] == "TestLong" for w in notes_of(notes)), 60)
    process.terminate()
    assert process.wait(30) != 0
    assert ["down", "set-up"] in notes_of(notes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[test.class.x]\nafter = 'y'\n", 'toml:2: test.class.x.after: there is no class "y"'),
        ("[test.class.x]\nafter = 'y'\n[test.class.y]\nafter = 'x'\n", "class x waits for itself"),
        ("[test.class.x]\nresources = { db = 1 }\n", "no [test.resource] says how much"),
        ("[test.class.x]\ncolour = 'red'\n", "unknown key; a class has paths, packages"),
        ("[test.class.x]\n", "an empty table"),
        ("[test.class.x]\ncache = 'reuse'\nsetup = 'x'\n", "results behind a set-up are not"),
        ("[test.class.x]\npaths = '../x'\n", "must be below the directory of this file"),
    ],
)
def test_rules_that_are_wrong(text, said, warm_machine, tmp_path):
    module = write_module(tmp_path / "m", {"a": "func TestA(t *testing.T) {}"})
    (module / "sluice.toml").write_text(text)
    run = warm_machine("m", store=None).sluice_run("test", "./...", cwd=module).fails(2)
    assert said in run.stderr and len(run.stderr.splitlines()) == 1, run.describe()
    assert run.stdout == ""


def test_words_that_are_wrong(warm_machine, tmp_path):
    module = write_module(tmp_path / "m", {"a": "func TestA(t *testing.T) {}"})
    m = warm_machine("m", store=None)
    for words, env, said in (
        ("--class none", {}, 'test: --class: there is no class "none"; there are integration, e2e'),
        ("--class=", {}, "test: --class is empty"),
        ("--filter=class(no)", {}, 'test: --filter: there is no class "no"'),
        ("--filter test(A)x", {}, 'test: --filter: at character 8 there should be "&", "|"'),
        ("--class unit -bench=.", {}, "only where sluice runs them: -bench is go's own business"),
        ("--class unit", {"GOCACHEPROG": "x"}, "only where sluice runs them: sluice steps aside"),
        ("", {"SLUICE_SEED": "x"}, 'SLUICE_SEED: "x" is no number'),
    ):
        run = m.sluice_run("test", "./...", *words.split(), cwd=module, env=env).fails(2)
        assert said in run.stderr and len(run.stderr.splitlines()) == 1, run.describe()
    user = m.config / "sluice" / "config.toml"
    user.parent.mkdir(parents=True, exist_ok=True)
    user.write_text("[test.class.x]\nretries = 1\n")
    run = m.sluice_run("test", "./...", cwd=module).fails(2)
    assert "test.class.x.retries" in run.stderr and len(run.stderr.splitlines()) == 1
    assert json.dumps(run.stdout) == '""'
