"""Tests shared among machines, and those that failed run once more."""

import collections
import json
import re

import pytest
from test_test_run import write_module

MANY = "\n".join(f"func Test{name}(t *testing.T) {{ t.Log(1) }}" for name in "ABCDEF")
MODULE = {
    "long": MANY + "\nfunc Example() {\n\tfmt.Println(1)\n\t// Output: 1\n}",
    "main": MANY + "\nfunc TestMain(m *testing.M) { os.Exit(m.Run()) }",
    "one": "func TestOne(t *testing.T) {}",
    "two": "func TestTwo(t *testing.T) {}",
    "none": "var X = 1",
}
ALL = {
    *(f"long {name}" for name in ("TestA", "TestB", "TestC", "TestD", "TestE", "TestF")),
    *(f"main {name}" for name in ("TestA", "TestB", "TestC", "TestD", "TestE", "TestF")),
    *("long Example", "one TestOne", "two TestTwo"),
}


def ran(run) -> list[str]:
    """Tests that passed or failed, of a run with -json."""
    found = []
    for line in run.stdout.splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("Test") and event["Action"] in ("pass", "fail"):
            found.append(f"{event['Package'].rsplit('/', 1)[1]} {event['Test']}")
    return found


@pytest.mark.parametrize("count", [1, 2, 5])
def test_each_test_once(count, warm_machine, tmp_path):
    module = write_module(tmp_path / "m", MODULE)
    m = warm_machine("m", store=None)
    counted = collections.Counter()
    of_main = set()
    for number in range(1, count + 1):
        run = m.sluice_run(
            "test", "-json", "./...", "--shard", f"{number}/{count}", cwd=module
        ).ok()
        found = ran(run)
        counted.update(found)
        if any(name.startswith("main ") for name in found):
            of_main.add(number)
    assert set(counted) == ALL and set(counted.values()) == {1}
    assert len(of_main) == 1, "it has a TestMain"


def test_a_plan_by_time(warm_machine, tmp_path):
    slow = {
        "slow": "\n".join(
            f"func Test{name}(t *testing.T) {{ time.Sleep(400 * time.Millisecond) }}"
            for name in "ABCD"
        )
    }
    module = write_module(tmp_path / "m", {**MODULE, **slow})
    m = warm_machine("m", store=None)
    m.sluice_run("test", "-count=1", "--junit", str(tmp_path / "x.xml"), "./...", cwd=module).ok()
    plan = tmp_path / "plan.json"
    words = ("test", "-json", "-count=1", "./...", "--plan", str(plan), "--shard")
    absent = m.sluice_run(*words, "1/2", cwd=module).fails(2)
    assert "plan.json: is not there; --shard plan/2 writes it" in absent.stderr
    written = m.sluice_run(*words, "plan/2", cwd=module).ok()
    assert re.search(r"plan.json: 2 shards, \d\.\d s in all, at most \d\.\d s each", written.stderr)
    assert written.stdout == ""
    shards = json.loads(plan.read_text())["shards"]
    sums = [sum(part["expected_us"] for part in shard) for shard in shards]
    assert max(sums) < 1.4 * min(sums), sums
    assert all(any(part["package"] == "ex.com/m/slow" for part in shard) for shard in shards)
    # On another machine, with another history: the same.
    other = warm_machine("other", store=None)
    found = [*ran(other.sluice_run(*words, "1/2", cwd=module).ok()),
             *ran(other.sluice_run(*words, "2/2", cwd=module).ok())]  # fmt: skip
    assert sorted(found) == sorted({*ALL, *(f"slow Test{name}" for name in "ABCD")})
    assert "is for 2 shards, not 3" in m.sluice_run(*words, "1/3", cwd=module).fails(2).stderr
    # An edit that adds none is no other plan; a test more is.
    test = module / "one" / "a_test.go"
    test.write_text(test.read_text() + "\nvar y = 2\n")
    m.sluice_run(*words, "1/2", cwd=module).ok()
    test.write_text(test.read_text() + "\nfunc TestNew(t *testing.T) {}\n")
    refused = m.sluice_run(*words, "1/2", cwd=module).fails(2)
    assert refused.stdout == "" and len(refused.stderr.splitlines()) == 1
    assert "of another commit, or of other words: it has no ex.com/m/one TestNew" in refused.stderr
    plan.write_text("no plan")
    assert "is no plan of tests" in m.sluice_run(*words, "1/2", cwd=module).fails(2).stderr


def test_a_share_is_kept_under_gos_own_keys(warm_machine, tmp_path):
    module = write_module(tmp_path / "m", {"long": MANY})
    m = warm_machine("m", store=None)
    words = ("test", "-v", "./...", "--shard", "1/2")
    first = m.sluice_run(*words, cwd=module).ok()
    again = m.sluice_run(*words, cwd=module).ok()
    assert "(cached)" in again.stdout and "(cached)" not in first.stdout
    names = re.findall(r"^--- PASS: (\w+)", first.stdout, re.M)
    others = [f"Test{name}" for name in "ABCDEF" if f"Test{name}" not in names]
    assert len(names) == len(others) == 3
    plain = m.plain_go("test", "-v", "-skip", f"^({'|'.join(others)})$", "./...", cwd=module).ok()
    assert "(cached)" in plain.stdout


def test_more_machines_than_tests(warm_machine, tmp_path):
    module = write_module(tmp_path / "m", {"one": "func TestOne(t *testing.T) {}"})
    m = warm_machine("m", store=None)
    runs = [
        m.sluice_run("test", "./...", "--shard", f"{number}/3", cwd=module).ok()
        for number in (1, 2, 3)
    ]
    assert [run.stdout.count("ok  \t") for run in runs].count(1) == 1
    assert sum("no test is of what was chosen" in run.stderr for run in runs) == 2


def test_what_failed_once_more(warm_machine, tmp_path):
    module = write_module(
        tmp_path / "m",
        {
            "bad": 'func TestBad(t *testing.T) { if os.Getenv("GOOD") == "" { t.Fatal(1) } }\n'
            "func TestFine(t *testing.T) { t.Log(1) }",
            "broken": "func TestX(t *testing.T) { undefined() }",
            "good": "func TestGood(t *testing.T) {}",
        },
    )
    m = warm_machine("m", store=None)
    env = {"GOOD": "1"}
    nothing = m.sluice_run("test", "--rerun-failed", "./good", cwd=module).ok()
    assert "nothing is remembered of these tests here: all are run" in nothing.stderr
    assert "ok  \tex.com/m/good" in nothing.stdout
    nothing = m.sluice_run("test", "--rerun-failed", "./good", cwd=module).ok()
    assert "none of these tests failed when they ran last" in nothing.stderr
    m.sluice_run("test", "--junit", str(tmp_path / "x.xml"), "./...", cwd=module).fails(1)
    run = m.sluice_run("test", "-json", "--rerun-failed", "./...", cwd=module).fails(1)
    assert ran(run) == ["bad TestBad"]
    assert '"Package":"ex.com/m/broken"' in run.stdout and "ex.com/m/good" not in run.stdout
    test = module / "broken" / "a_test.go"
    test.write_text(test.read_text().replace("undefined()", "t.Log(1)"))
    run = m.sluice_run("test", "-json", "--rerun-failed", "./...", cwd=module, env=env).ok()
    assert sorted(ran(run)) == ["bad TestBad", "broken TestX"]
    run = m.sluice_run("test", "--rerun-failed", "./...", cwd=module).ok()
    assert "none of these tests failed" in run.stderr
    # Without a run that reads each test it is the package.
    m.sluice_run("test", "-count=1", "./bad", cwd=module).fails(1)
    run = m.sluice_run("test", "-json", "--rerun-failed", "./...", cwd=module, env=env).ok()
    assert sorted(ran(run)) == ["bad TestBad", "bad TestFine"]


def test_failed_is_also_what_did_not_run(warm_machine, tmp_path):
    module = write_module(
        tmp_path / "m",
        {
            "dies": 'func TestA(t *testing.T) { if os.Getenv("HOW") == "panic" { panic(1) }; '
            'if os.Getenv("HOW") == "exit" { os.Exit(3) } }\n'
            'func TestB(t *testing.T) { t.Error("always") }',
            "late": 'func TestL(t *testing.T) { t.Error("always") }',
            "unit": 'func TestU(t *testing.T) { if os.Getenv("HOW") == "unit" { t.Error(1) } }',
        },
    )
    m = warm_machine("m", store=None)

    def failed(*words: str, how: str = "") -> list[str]:
        run = m.sluice_run(
            "test", "-json", "--rerun-failed", *words, cwd=module, env={"HOW": how}
        )  # fmt: skip
        return sorted(ran(run))

    # Behind a panic or an exit tests have not run.
    for how in ("panic", "exit"):
        m.sluice_run("test", "-json", "./dies", cwd=module, env={"HOW": how}).fails(1)
        assert failed("./dies") == ["dies TestA", "dies TestB"]
    # A run of others says nothing of them.
    m.sluice_run("test", "-json", "-count=1", "-run=TestA", "./dies", cwd=module).ok()
    m.sluice_run("test", "-count=1", "--filter=test(TestA)", "./dies", cwd=module).ok()
    assert failed("./dies") == ["dies TestB"]
    # Nor has a class run whose set-up failed, or that comes after one with failures.
    rules = '[test.class.late]\npaths = "late"\nafter = "unit"\nsetup = "exit $CODE"\n'
    (module / "sluice.toml").write_text(rules)
    words = ("test", "-count=1", "./late", "./unit")
    m.sluice_run(*words, cwd=module, env={"HOW": "unit", "CODE": "0"}).fails(1)
    run = m.sluice_run("test", "--rerun-failed", *words[2:], cwd=module, env={"CODE": "0"})
    run.fails(1)
    assert "ex.com/m/late" in run.stdout and "ex.com/m/unit" in run.stdout
    m.sluice_run(*words, cwd=module, env={"CODE": "1"}).fails(1)
    run = m.sluice_run("test", "--rerun-failed", *words[2:], cwd=module, env={"CODE": "0"})
    run.fails(1)
    assert "ex.com/m/late" in run.stdout and "ex.com/m/unit" not in run.stdout


def test_what_go_cannot_read_is_on_a_machine(warm_machine, tmp_path):
    module = write_module(tmp_path / "m", {"one": "func TestOne(t *testing.T) {}"})
    (module / "odd").mkdir()
    (module / "odd" / "odd_test.go").write_text("package odd\nfun TestA(t *testing.T) {}\n")
    m = warm_machine("m", store=None)
    codes = [
        m.sluice_run("test", "./...", "--shard", f"{number}/2", cwd=module).code
        for number in (1, 2)
    ]
    assert sorted(codes) == [0, 1]
    m.sluice_run("test", "./odd", "--class", "unit", cwd=module).fails(1)
    m.sluice_run("test", "./odd", "--class", "e2e", cwd=module).ok()
