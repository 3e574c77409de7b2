"""Test results by content: every result that can be reused is, and none that must not be.

The oracle is go itself: what go runs again because an input changed, sluice runs again; what go
runs again because of times, modes of a checkout or the time zone, sluice does not.
"""

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from conftest import Park, by_toolchain

# One package for each way of consulting something, so that a change shows in the one it concerns.
PACKAGES = {
    "reads": ("", 'os.ReadFile("testdata/file")'),
    "lists": ("", 'os.ReadDir("testdata/dir")'),
    "stats": ("", 'os.Stat("testdata/file"); os.Lstat("testdata/dir")'),
    "env": ("", 'os.Getenv("SLUICE_TEST_INPUT")'),
    "enters": ("", 'os.Chdir("testdata"); os.ReadFile("file")'),
    "tool": (
        '"os/exec"',
        'os.ReadFile("testdata/file"); exec.Command("cat", "testdata/file").Run()',
    ),
    "rooted": ("", 'r, _ := os.OpenRoot("testdata"); if f, err := r.Open("file"); err == nil {'
                   " f.Close() }; r.Close()"),
    "outside": ("", 'os.ReadFile("/etc/hostname"); os.ReadFile("testdata/file")'),
    "uses": ('"example.com/tested/dep"', "t.Log(dep.Of())"),
    "plain": ("", ""),
}
TEST = """package {}

import (
	"os"
	"testing"
	{}
)

var _ = os.Args

func Test(t *testing.T) {{
	{}
}}
"""
DEP = "package dep\n\n//go:noinline\nfunc Of() int {{ return {} }}\n"
EMBEDDED = """package embeds

import _ "embed"

//go:embed testdata/file
var Text string
"""


def write_tested(root: Path, names=tuple(PACKAGES)) -> Path:
    """A fresh checkout of the module, or of some of its packages: every file is new."""
    if root.exists():
        shutil.rmtree(root)
    root.mkdir(parents=True)
    (root / "go.mod").write_text("module example.com/tested\n\ngo 1.24\n")
    for name in names:
        imported, body = PACKAGES[name]
        at = root / name
        (at / "testdata" / "dir").mkdir(parents=True)
        (at / "testdata" / "file").write_text(f"{name}\n")
        (at / "testdata" / "dir" / "a").write_text("a\n")
        (at / "testdata" / "dir" / "b").write_text("b\n")
        (at / f"{name}_test.go").write_text(TEST.format(name, imported, body))
    (root / "dep").mkdir()
    (root / "dep" / "dep.go").write_text(DEP.format(1))
    (root / "embeds" / "testdata").mkdir(parents=True)
    (root / "embeds" / "testdata" / "file").write_text("embedded\n")
    (root / "embeds" / "embeds.go").write_text(EMBEDDED)
    (root / "embeds" / "embeds_test.go").write_text(
        'package embeds\n\nimport "testing"\n\nfunc Test(t *testing.T) { t.Log(Text) }\n'
    )
    age(root)
    return root


def write_some(root: Path, *names: str) -> Path:
    """The module with these packages and no other."""
    write_tested(root, names)
    shutil.rmtree(root / "embeds")
    return root


def write_test(root: Path, body: str, imported: str = "") -> None:
    """Another test of the package `reads`."""
    (root / "reads" / "reads_test.go").write_text(TEST.format("reads", imported, body))


def age(root: Path) -> None:
    """Times of a checkout that go does not take for too new, others on each call."""
    then = time.time() - 3600 - random.uniform(0, 1000)
    for path in [root, *root.rglob("*")]:
        os.utime(path, (then, then), follow_symlinks=False)


ALL = {*PACKAGES, "embeds"}


def run_tests(m, root: Path, *words: str, flags=(), **options) -> set[str]:
    """The packages that were run, and not answered from the cache."""
    run = m.go("test", *words, "./...", flags=flags, cwd=root, **options).ok()
    state = dict(re.findall(r"^ok  \texample.com/tested/(\w+)\t(\S+)", run.stdout, re.M))
    assert set(state) == {path.parent.name for path in root.glob("*/*_test.go")}, run.describe()
    m.last = run
    return {name for name, how in state.items() if how != "(cached)"}


def numbers(m, root: Path) -> dict:
    return json.loads(m.sluice_run("stats", "--json", cwd=root).ok().stdout)


@pytest.fixture
def machine(warm_machine):
    return warm_machine


@pytest.fixture(scope="module")
def bench(tmp_path_factory, sluice, go_env, standard_library):
    """A machine that has tested the module, and the module's place."""
    root = tmp_path_factory.mktemp("tested")
    park = Park(root / "machines", sluice, go_env, standard_library)
    first = park("first", store=root / "store")
    checkout = write_tested(root / "checkout")
    assert run_tests(first, checkout) == ALL
    first.wait_uploads(cwd=checkout)
    first.park = park
    first.checkout = checkout
    first.store = root / "store"
    yield first
    park.stop()


@pytest.fixture
def tested(bench):
    """The module as it was when it was tested, with new times."""
    return write_tested(bench.checkout)


def test_nothing_changed_but_times(bench, tested):
    assert run_tests(bench, tested) == set()
    assert bench.last.summary["tests_reused"] > 0
    # They are test results, and stand nowhere else.
    kinds = numbers(bench, tested)["by_kind"]
    assert {name for name, kind in kinds.items() if kind["reused"] > 0} == {"test-output"}, kinds
    # Nothing was put under go's own keys: a go without sluice has no proof of it.
    again = bench.plain_go("test", "./...", cwd=tested).ok()
    assert 0 < again.stdout.count("(cached)") < len(ALL)


def test_another_machine_zone_and_umask(bench, tested):
    before = os.umask(0o002)
    try:
        write_tested(tested)
        second = bench.park("second", store=bench.store)
        env = {"HOME": str(bench.home), "TZ": "America/New_York"}
        assert run_tests(second, tested, env=env) == set()
    finally:
        os.umask(before)
    assert second.last.summary["tests_reused"] > 0
    # A umask that does not explain modes of 0664.
    third = bench.park("third", store=bench.store)
    age(tested)
    run = run_tests(third, tested, env={**env, "TZ": "Asia/Kolkata"})
    assert run == ALL - {"embeds", "plain", "uses", "env"}


def test_go_alone_runs_them_again(bench, tested):
    """What this is for: go's own keys, and the switch that leaves it at them."""
    flags = ("--test-results=go",)
    run = run_tests(bench, tested, flags=flags)
    assert {"reads", "lists", "stats", "enters"} <= run
    assert not run & {"plain", "embeds", "uses", "env"}


def at(name: str) -> str:
    return f"{name}/testdata/file"


def same_size(root: Path, name: str) -> None:
    """Other bytes, the same size and time."""
    file = root / at(name)
    info = file.stat()
    file.write_text(file.read_text().upper())
    os.utime(file, ns=(info.st_atime_ns, info.st_mtime_ns))


def replaced_by_link(root: Path, name: str) -> None:
    (root / at(name)).rename(root / f"{at(name)}.real")
    (root / at(name)).symlink_to("file.real")


READERS = {"reads", "stats", "enters", "tool", "rooted", "outside"}


def in_each(change):
    return lambda root: [change(root, name) for name in ALL - {"embeds"}]


# name: (what is done to the checkout, the packages that are run again)
CHANGES = {
    "content": (in_each(lambda root, name: (root / at(name)).write_text("other\n")), READERS),
    "content, same size and time": (in_each(same_size), READERS),
    "file removed": (in_each(lambda root, name: (root / at(name)).unlink()), READERS),
    "file renamed": (
        in_each(lambda root, name: (root / at(name)).rename(root / f"{at(name)}.old")),
        READERS
    ),
    "file replaced by a link": (in_each(replaced_by_link), READERS),
    "file made unreadable": (
        in_each(lambda root, name: (root / at(name)).chmod(0)), READERS
    ),
    "file made executable": (
        in_each(lambda root, name: (root / at(name)).chmod(0o755)), READERS
    ),
    "file open to a group": (
        in_each(lambda root, name: (root / at(name)).chmod(0o660)), READERS
    ),
    "file in a directory added": (
        in_each(lambda root, name: (root / name / "testdata/dir/c").write_text("")),
        {"lists", "stats", "rooted", "enters"}
    ),
    "file in a directory renamed": (
        in_each(
            lambda root, name: (root / name / "testdata/dir/b").rename(
                root / name / "testdata/dir/c"
            )
        ),
        {"lists", "stats", "rooted", "enters"}
    ),
    "file in a directory changed": (
        in_each(lambda root, name: (root / name / "testdata/dir/b").write_text("c\n")),
        {"lists", "stats", "rooted", "enters"}
    ),
    "a dependency's body": (
        lambda root: (root / "dep/dep.go").write_text(DEP.format(2)),
        {"uses"}
    ),
    "an embedded file": (
        lambda root: (root / "embeds/testdata/file").write_text("EMBEDDED\n"),
        {"embeds"}
    ),
    "nothing": (lambda root: None, set()),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_changed_is_run_again(name, bench, tested):
    change, expected = CHANGES[name]
    # Results of this case's own: the key has the arguments.
    own = f"-timeout={1000 + list(CHANGES).index(name)}s"
    assert run_tests(bench, tested, own) == ALL
    change(tested)
    if name != "content, same size and time":
        age(tested)
    assert run_tests(bench, tested, own) == expected, bench.last.describe()
    # And back: what was tested before is known, whatever came in between.
    assert run_tests(bench, write_tested(tested), own) == set()


def test_a_variable_is_read_by_value(bench, tested):
    for value in ("one", "", "two"):
        assert run_tests(bench, tested, env={"SLUICE_TEST_INPUT": value}) == {"env"}, value
        age(tested)
    assert run_tests(bench, tested, env={"SLUICE_TEST_INPUT": "one"}) == set()
    assert run_tests(bench, tested) == set()
    # Part of the link's key in some releases: what else runs is go's own decision.
    assert ALL - {"embeds"} <= run_tests(bench, tested, env={"GODEBUG": "madvdontneed=1"})


def test_a_result_of_the_same_time_is_refused(bench, tested):
    """go alone passes this over: the same size and time, other content."""
    assert run_tests(bench, tested) == set()
    (tested / at("reads")).write_text("1234\n")
    age(tested)
    assert run_tests(bench, tested) == {"reads"}
    info = (tested / at("reads")).stat()
    (tested / at("reads")).write_text("4321\n")
    os.utime(tested / at("reads"), ns=(info.st_atime_ns, info.st_mtime_ns))
    own = bench.plain_go("test", "./reads", cwd=tested).ok()
    assert "(cached)" in own.stdout
    assert run_tests(bench, tested) == {"reads"}
    assert bench.last.summary["tests_refused"] >= 1


def test_a_test_that_fails_now_is_not_hidden(bench, tested):
    write_test(
        tested,
        'b, _ := os.ReadFile("testdata/file"); if string(b) == "bad\\n" { t.Fatal("bad") }',
    )
    age(tested)
    assert run_tests(bench, tested) == {"reads"}
    (tested / at("reads")).write_text("bad\n")
    age(tested)
    for _ in range(2):
        failed = bench.go("test", "./reads", cwd=tested)
        assert failed.code == 1 and "FAIL" in failed.stdout, failed.describe()


def test_other_kinds_of_files(bench, tested):
    """What stands in a directory that a test lists, and is no file."""
    directory = tested / "lists/testdata/dir"
    (directory / "dangling").symlink_to("nowhere")
    (directory / "sub").mkdir()
    age(tested)
    assert run_tests(bench, tested) == {"lists"}
    age(tested)
    assert run_tests(bench, tested) == set()
    # Who is told what by these, nobody can compare: another one is there under the same name.
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(directory, os.O_RDONLY)
        listener.bind(f"/proc/self/fd/{here}/socket")
        os.close(here)
    os.mkfifo(directory / "pipe")
    for odd in ("socket", "pipe"):
        for _ in range(2):
            age(tested)
            assert run_tests(bench, tested) == {"lists"}, odd
        (directory / odd).unlink()
    age(tested)
    assert run_tests(bench, tested) == set()
    (directory / "dangling").unlink()
    (directory / "dangling").symlink_to("elsewhere")
    age(tested)
    assert run_tests(bench, tested) == {"lists"}


def test_what_differs_is_told_of_this_machine(machine, tmp_path):
    """Whatever another machine has told the store since of the same test."""
    root = write_some(tmp_path / "checkout", "reads")
    write_test(root, 'os.ReadFile("testdata/file"); os.Getenv("SLUICE_TEST_INPUT")')
    age(root)
    other = tmp_path / "other"
    shutil.copytree(root, other)
    (other / at("reads")).write_text("of the other\n")
    age(other)
    one, two = (machine(name, store=tmp_path / "store") for name in ("one", "two"))
    for m, place, value in ((one, root, "1"), (two, other, "2"), (one, root, "3")):
        run_tests(m, place, "-trimpath", env={"SLUICE_TEST_INPUT": value})
        why = m.sluice_run("why", "--json", cwd=place).ok()
        m.wait_uploads(cwd=place)
        m.sluice_run("agent", "stop", cwd=place).ok()
    (told,) = json.loads(why.stdout)["tests"]
    assert [one["text"] for one in told["causes"]] == ["variable SLUICE_TEST_INPUT changed"], told


def test_a_test_that_says_much(bench, tested):
    """Its output is kept by another way than a small one."""
    write_test(
        tested,
        'os.ReadFile("testdata/file"); for range 5000 { os.Stdout.WriteString("a line of it\\n") }',
    )
    age(tested)
    assert run_tests(bench, tested) == {"reads"}
    age(tested)
    assert run_tests(bench, tested) == set()


@pytest.mark.parametrize("version", by_toolchain())
def test_every_go(version, toolchain, machine, tmp_path):
    env = {"GOTOOLCHAIN": toolchain(version)}
    m = machine("m", store=tmp_path / "store")
    some = {"reads", "lists", "env"}
    root = write_some(tmp_path / "checkout", *sorted(some))
    profile = [f"-coverprofile={m.root / 'profile'}"]
    assert run_tests(m, root, env=env) == some
    assert run_tests(m, root, *profile, env=env) == some
    before = (m.root / "profile").read_bytes()
    age(root)
    assert run_tests(m, root, env=env) == set()
    # Go 1.24 keeps no result of a run with a profile.
    assert run_tests(m, root, *profile, env=env) == (some if ".24." in version else set())
    assert (m.root / "profile").read_bytes() == before


def test_a_sample_is_tested_again(bench, tested):
    everything = ("--verify-tests=100%",)
    run = run_tests(bench, tested, flags=everything)
    assert {"reads", "lists", "stats", "enters", "tool", "rooted"} <= run
    assert bench.last.summary["verify"]["tests_checked"] == len(run)
    assert bench.last.summary["verify"]["tests_failed"] == 0
    assert numbers(bench, tested)["invalidations_by_reason"]["unknown"] == 0
    assert not any("verify-tests" in line for line in bench.last.said)


def test_what_a_sample_withholds_has_that_reason(machine, tmp_path):
    """Where go's own key was known; another is one that nobody has seen."""
    root = write_some(tmp_path / "checkout", "reads", "lists")
    m = machine("m", store=tmp_path / "store")
    assert run_tests(m, root) == {"reads", "lists"}
    assert run_tests(m, root) == set()
    assert run_tests(m, root, flags=("--verify-tests=100%",)) == {"reads", "lists"}
    reasons = numbers(m, root)["invalidations_by_reason"]
    assert reasons["verify"] >= 2 and reasons["unknown"] == 0, reasons


def test_a_wrong_result_switches_reuse_off(machine, tmp_path):
    """A test that depends on what nobody sees: the reused pass is told, and no other is reused."""
    secret = tmp_path / "secret"
    secret.write_text("good")
    root = write_tested(tmp_path / "checkout")
    write_test(
        root,
        f'os.ReadFile("testdata/file"); out, _ := exec.Command("cat", "{secret}").Output()\n'
        'if string(out) != "good" { t.Fatal("not good") }',
        '"os/exec"',
    )
    age(root)
    m = machine("m", store=tmp_path / "store")
    assert run_tests(m, root) == ALL
    secret.write_text("bad")
    age(root)
    assert run_tests(m, root) == set()
    age(root)
    run = m.go("test", "./...", flags=("--verify-tests=100%",), cwd=root)
    assert run.code == 1 and run.summary["verify"]["tests_failed"] == 1, run.describe()
    assert any("example.com/tested/reads" in line for line in run.said), run.said
    why = json.loads(m.sluice_run("why", "--json", cwd=root).ok().stdout)
    causes = {test["package"]: (test["causes"][0]["kind"], test["proven"]) for test in why["tests"]}
    assert causes["example.com/tested/reads"] == ("verify", True), why["tests"]
    # Now the failure stands, and others are go's own business.
    secret.write_text("good")
    age(root)
    assert {"reads", "lists", "stats"} <= run_tests(m, root)
    assert m.last.summary["tests_reused"] == 0


def test_a_change_during_the_run_is_not_kept(machine, tmp_path):
    """What a test read before the change must not stand for what is there after it."""
    root = write_some(tmp_path / "checkout", "reads")
    write_test(
        root,
        'b, _ := os.ReadFile("testdata/file"); if string(b) != "reads\\n" { t.Fatal("not good") }\n'
        "time.Sleep(5 * time.Second)",
        '"time"',
    )
    age(root)
    m = machine("m", store=tmp_path / "store")
    m.go("test", "-run=none", "./reads", cwd=root).ok()  # everything is built
    process = m.popen(m.sluice, "go", "test", "./reads", cwd=root)
    time.sleep(2)
    (root / at("reads")).write_text("broken\n")
    assert process.wait(60) == 0
    age(root)
    assert m.go("test", "./reads", cwd=root).code == 1
    # A test's own files come and go. Where nobody knows what lay there before, its result is as
    # good as go's own, in its place, and no more.
    write_test(
        root,
        'os.ReadDir("../dep"); os.WriteFile("../dep/x", nil, 0o644); os.Remove("../dep/x")',
    )
    age(root)
    assert run_tests(m, root) == {"reads"}
    assert run_tests(m, root) == set()
    age(root)
    assert run_tests(m, root) == {"reads"}


def test_an_input_that_is_used_up(machine, tmp_path):
    """A test that removes what it was given does not pass for ever, here or on another machine."""
    root = write_some(tmp_path / "checkout", "reads")
    write_test(
        root,
        'if _, err := os.ReadDir("testdata"); err != nil { t.Fatal(err) }\n'
        'if os.Remove("testdata/job") != nil { t.Fatal("no job") }',
    )
    (root / "reads" / "testdata" / "job").write_text("once\n")
    age(root)
    m = machine("m", store=tmp_path / "store")
    assert run_tests(m, root) == {"reads"}
    m.wait_uploads(cwd=root)
    age(root)
    assert m.go("test", "./reads", cwd=root).code == 1
    second = machine("second", store=tmp_path / "store")
    assert second.go("test", "./reads", cwd=root).code == 1


def test_files_of_its_own_beside_what_it_reads(machine, tmp_path):
    """A test that makes a file in a directory that it lists and removes it again has lost nothing:
    its result is given in a clone, too.
    """
    root = write_some(tmp_path / "checkout", "reads")
    write_test(
        root,
        'os.WriteFile("testdata/own", nil, 0o644); os.Remove("testdata/own")\n'
        'os.ReadDir("testdata"); os.ReadFile("testdata/file")',
    )
    age(root)
    m = machine("m", store=tmp_path / "store")
    words = ("go", "--same-path", "always", "test", "./reads")
    assert "(cached)" not in m.sluice_run(*words, cwd=root).ok().stdout
    m.wait_uploads(cwd=root)
    clone = tmp_path / "clone"
    shutil.copytree(root, clone)
    age(clone)
    second = machine("second", store=tmp_path / "store")
    assert "(cached)" in second.sluice_run(*words, cwd=clone).ok().stdout
    (clone / "reads/testdata/more").write_text("")
    age(clone)
    assert "(cached)" not in second.sluice_run(*words, cwd=clone).ok().stdout
    assert not list(m.root.rglob("entries-*")), "what lay there is forgotten with the command"


SWAPS = {
    "link": (
        'os.Remove("testdata/cur"); os.Symlink("v2", "testdata/cur")',
        "",
    ),
    "directories": (
        'exec.Command("sh", "-c", "cd testdata; mv cur v1; mv v2 cur").Run()',
        '"os/exec"',
    ),
    "through a link": (
        'exec.Command("sh", "-c", "cd testdata; mv v1 v3; mv v2 v1").Run()',
        '"os/exec"',
    ),
}


def test_what_leads_to_an_input_is_swapped(machine, tmp_path):
    """The test read one file, and another lies there when it has ended."""
    m = machine("m", store=tmp_path / "store")
    second = machine("second", store=tmp_path / "store")
    for how, (swap, imports) in SWAPS.items():
        root = write_some(tmp_path / "checkout", "reads")
        read = 'b, _ := os.ReadFile("testdata/cur/state")'
        check = 'if string(b) != "fresh" { t.Fatal(string(b)) }'
        write_test(root, f"{read}\n{check}\n{swap}", imports)
        data = root / "reads/testdata"
        for name, state in (("v1", "fresh"), ("v2", "usedd")):
            (data / name).mkdir()
            (data / name / "state").write_text(state)
        if "link" in how:
            (data / "cur").symlink_to("v1")
        else:
            (data / "v1").rename(data / "cur")
        age(root)
        assert run_tests(m, root) == {"reads"}, how
        m.wait_uploads(cwd=root)
        # As in a clone of what lies there now.
        clone = tmp_path / how
        shutil.copytree(root, clone, symlinks=True)
        age(clone)
        words = ("go", "--same-path", "always", "test", "./reads")
        assert [one.sluice_run(*words, cwd=clone).code for one in (m, second)] == [1, 1], how
        age(root)
        assert m.go("test", "./reads", cwd=root).code == 1, how


def test_an_interrupted_sample_accuses_nobody(machine, tmp_path):
    root = write_some(tmp_path / "checkout", "reads")
    write_test(root, 'os.ReadFile("testdata/file"); time.Sleep(4 * time.Second)', '"time"')
    age(root)
    m = machine("m", store=tmp_path / "store")
    assert run_tests(m, root) == {"reads"}
    age(root)
    again = (m.sluice, "go", "--verify-tests=100%", "test", "./...")
    process = m.popen(*again, cwd=root, stderr=subprocess.PIPE, text=True)
    time.sleep(2)
    os.killpg(process.pid, signal.SIGINT)
    assert "verify-tests" not in process.communicate(timeout=60)[1]
    # One that passes, and is not kept because an input is too new by then.
    process = m.popen(*again, cwd=root, stderr=subprocess.PIPE, text=True)
    time.sleep(3)
    os.utime(root / at("reads"))
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 0 and "verify-tests" not in said, said
    age(root)
    assert run_tests(m, root) == set()


def test_values_of_variables_are_not_in_the_store(machine, tmp_path):
    """A record names the variables; no more than one byte of it depends on the value of one."""
    root = write_some(tmp_path / "checkout", "env")
    records = []
    for value in ("4711", "4712"):
        m = machine("m", store=tmp_path / f"store-{value}")
        assert run_tests(m, root, env={"SLUICE_TEST_INPUT": value}) == {"env"}
        bodies = [p.read_bytes() for p in m.gocache.glob("??/*-d") if p.is_file()]
        records += [b for b in bodies if b.startswith(b"\x14sluice test inputs 2")]
    assert len(records) == 2 and b"SLUICE_TEST_INPUT" in records[0]
    assert len(records[0]) == len(records[1])
    assert sum(a != b for a, b in zip(*records, strict=True)) <= 1
