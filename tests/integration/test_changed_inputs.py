"""Tests that change what they consult while they run, and put it back or not.

What they saw is not what lies there afterwards, so a clone of that gets no old result. The oracle
is `go test -count=1` in the clone.
"""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from test_test_results import TEST, age, run_tests, write_some, write_test


@pytest.fixture
def machine(warm_machine):
    return warm_machine


READ = """read := func(path string) {
	b, err := os.ReadFile(path)
	if err != nil || string(b) != "fresh\\n" { t.Fatal(path, string(b), err) }
}
swap := func(a, b string) {
	syscall.Rename(a, a+".x"); syscall.Rename(b, a); syscall.Rename(a+".x", b)
}
_, _ = read, swap
os.ReadFile("testdata/file")
"""
SYSCALL = '"syscall"'

# What lies in the package's directory before, what the test does, what is changed in the clone.
CHANGES = {
    "beside": ("echo fresh > seed", 'read("seed"); os.Remove("seed")', ""),
    "above": ("echo fresh > ../seed", 'read("../seed"); os.Remove("../seed")', ""),
    "directories": (
        "mkdir testdata/a testdata/b; echo fresh | tee testdata/a/f > testdata/b/f",
        'swap("testdata/a", "testdata/b"); read("testdata/a/f"); swap("testdata/a", "testdata/b")',
        "echo stale > testdata/b/f",
    ),
    "whole": (
        "mkdir other; echo fresh | tee testdata/f > other/f",
        'swap("testdata", "other"); read("testdata/f"); swap("testdata", "other")',
        "echo stale > other/f",
    ),
    "chain": (
        "cd testdata; mkdir v1 v2; echo fresh | tee v1/f > v2/f; ln -s v1 mid; ln -s mid cur",
        'turn := func(to string) { os.Remove("testdata/mid"); os.Symlink(to, "testdata/mid") }\n'
        'turn("v2"); read("testdata/cur/f"); turn("v1")',
        "echo stale > testdata/v2/f",
    ),
    "last_link": (
        "cd testdata; mkdir -p s/a s/b; echo fresh | tee s/a/f > s/b/f; ln -s s/a/f cfg",
        'swap("testdata/s/a", "testdata/s/b"); read("testdata/cfg")\n'
        'swap("testdata/s/a", "testdata/s/b")',
        "echo stale > testdata/s/b/f",
    ),
    "mode": (
        "mkdir -m 700 testdata/d",
        'info, _ := os.Stat("testdata/d")\n'
        'if info.Mode().Perm() != 0o700 { t.Fatal(info.Mode()) }\nos.Chmod("testdata/d", 0o755)',
        "",
    ),
}


def in_shell(script: str, directory) -> None:
    subprocess.run(["sh", "-ec", script], cwd=directory, check=True)


def clone_of(root, clone) -> None:
    if clone.exists():
        shutil.rmtree(clone)
    shutil.copytree(root, clone, symlinks=True)


def edited_clone(root, clone):
    clone_of(root, clone)
    for name, (_, _, edit) in CHANGES.items():
        in_shell(edit, clone / name)
    age(clone)
    return clone


def failed(run) -> set[str]:
    return set(re.findall(r"^FAIL\texample.com/changed/(\w+)\t", run.stdout, re.M))


def test_what_was_consulted_is_changed_meanwhile(machine, tmp_path):
    root = tmp_path / "checkout"
    for name, (before, body, _) in CHANGES.items():
        (root / name / "testdata").mkdir(parents=True)
        (root / name / "testdata" / "file").write_text("as it is")
        (root / name / f"{name}_test.go").write_text(TEST.format(name, SYSCALL, READ + body))
        in_shell(before, root / name)
    (root / "go.mod").write_text("module example.com/changed\n\ngo 1.24\n")
    age(root)
    m = machine("m", store=tmp_path / "store")
    second = machine("second", store=tmp_path / "store")
    words = ("go", "--same-path", "always", "test", "./...")
    m.sluice_run(*words, cwd=root).ok()
    m.wait_uploads(cwd=root)
    clone = tmp_path / "clone"
    for one in (m, second):
        edited_clone(root, clone)  # anew: each run changes it
        run = one.sluice_run(*words, cwd=clone)
        assert failed(run) == {*CHANGES}, run.describe()
    edited_clone(root, clone)
    assert failed(m.plain_go("test", "-count=1", "./...", cwd=clone)) == {*CHANGES}, "the oracle"


# A directory of the package that the test makes: what is made in it, and is still there after.
MAKES = """if _, err := os.Stat("out"); err == nil { t.Fatal("out is there") }
os.MkdirAll("out/deep", 0o755)
os.ReadDir("out")
os.ReadDir("testdata")
"""
LEAVES_FILE = MAKES + 'os.WriteFile("out/file", nil, 0o644)\nos.ReadFile("out/file")\n'
LISTS = MAKES + 'os.ReadDir(".")\n'
MAKERS = {"makes": MAKES, "leaves": LEAVES_FILE, "lists": LISTS}


def cached(run) -> set[str]:
    return set(re.findall(r"^ok  \texample.com/changed/(\w+)\t\(cached\)", run.stdout, re.M))


def test_directories_that_the_test_makes_itself(machine, tmp_path):
    """A clone has none of them, as the test found it: the result is for clones without."""
    root = tmp_path / "checkout"
    for name, body in MAKERS.items():
        (root / name / "testdata").mkdir(parents=True)
        (root / name / "testdata" / "file").write_text("as it is")
        (root / name / f"{name}_test.go").write_text(TEST.format(name, "", body))
    (root / "go.mod").write_text("module example.com/changed\n\ngo 1.24\n")
    age(root)
    fresh, taken = tmp_path / "fresh", tmp_path / "taken"
    clone_of(root, fresh)
    clone_of(root, taken)
    for name in MAKERS:
        (taken / name / "out").mkdir()
    for one in (fresh, taken):
        age(one)
    m = machine("m", store=tmp_path / "store")
    second = machine("second", store=tmp_path / "store")
    words = ("go", "--same-path", "always", "test", "./...")
    assert cached(m.sluice_run(*words, cwd=root).ok()) == set()
    m.wait_uploads(cwd=root)
    # Where they are now, as go alone, which keeps no result of a file so young.
    assert cached(m.sluice_run(*words, cwd=root)) == {"makes", "lists"}
    run = second.sluice_run(*words, cwd=taken)
    assert failed(run) == {*MAKERS}, run.describe()
    assert failed(second.plain_go("test", "-count=1", "./...", cwd=taken)) == {*MAKERS}
    run = second.sluice_run(*words, cwd=fresh)
    assert cached(run) == {"makes", "lists"}, run.describe()


# What lies in a made directory afterwards, or led out of it, came from elsewhere: in no fingerprint
# is what the test read by it. Before, what the test does, and what is changed in a clone of before.
ELSEWHERE = {
    "linked": (
        "mkdir -p ../fixture/linked; echo fresh > ../fixture/linked/data",
        'os.Mkdir("out", 0o755); os.Symlink("../../fixture/linked", "out/fx"); read("out/fx/data")',
        "echo stale > ../fixture/linked/data",
    ),
    "renamed": (
        "mkdir -p ../fixture/renamed; echo fresh > ../fixture/renamed/data",
        'os.Mkdir("out", 0o755); os.Rename("../fixture/renamed", "out/fx"); read("out/fx/data")',
        "echo stale > ../fixture/renamed/data",
    ),
    "unlinked": (
        "mkdir -p ../fixture/unlinked; echo fresh > ../fixture/unlinked/data",
        'os.MkdirAll("out", 0o755); os.Symlink("../../fixture/unlinked", "out/fx")\n'
        'read("out/fx/data"); os.Remove("out/fx")',
        "echo stale > ../fixture/unlinked/data",
    ),
    "copied": (
        "mkdir -p ../fixture; echo fresh > ../fixture/copied",
        'os.MkdirAll("out", 0o755)\n'
        "shell(t, `mkdir out/bin; cp ../fixture/copied out/bin/tool; grep fresh out/bin/tool`)",
        "echo stale > ../fixture/copied",
    ),
    "passed": (
        "mkdir -p ../fixture; echo fresh > ../fixture/passed",
        'os.MkdirAll("out", 0o755); os.Stat("out")\n'
        "shell(t, `sleep 0.1; cp ../fixture/passed out/tool; grep fresh out/tool; rm out/tool`)",
        "echo stale > ../fixture/passed",
    ),
    "new_link": (
        "mkdir testdata/good; echo fresh > testdata/good/x",
        'if err := os.Symlink("testdata/good", "l"); err != nil { t.Fatal(err) }\nread("l/x")',
        "ln -s testdata/good l",
    ),
}


# What go alone notices because the directory that was consulted has another time.
MAKES_SUB = "mkdir -p testdata/sub/deep; echo fresh > testdata/sub/deep/f"
OTHER_SUB = (
    "mv testdata/sub ../was.$$; mkdir -p testdata/sub/deep; echo stale > testdata/sub/deep/f"
)
REPLACED = {
    "looked": (
        MAKES_SUB,
        'os.Stat("testdata"); shell(t, "grep fresh testdata/sub/deep/f")',
        OTHER_SUB,
    ),
    "listed": (
        MAKES_SUB,
        'os.ReadDir("testdata"); shell(t, "grep fresh testdata/sub/deep/f")',
        OTHER_SUB,
    ),
    "entered": (MAKES_SUB, 'os.Chdir("testdata"); shell(t, "grep fresh sub/deep/f")', OTHER_SUB),
    "linked_into": (
        MAKES_SUB + "; touch testdata/sub/s",
        'os.Stat("testdata")\n'
        'if os.Symlink("x", "testdata/sub/s") == nil { t.Fatal("there is no sub/s") }',
        "mv testdata/sub ../was.$$; mkdir testdata/sub",
    ),
    "by_links": (
        "cd testdata; mkdir -p v1/s v2/s; echo fresh > v1/s/f; echo stale > v2/s/f\n"
        "ln -s v1 mid; ln -s mid cur",
        'os.Stat("testdata/cur"); shell(t, "grep fresh testdata/cur/s/f")',
        "ln -sfn v2 testdata/mid",
    ),
    "turned": (
        "cd testdata; mkdir v1 v2; echo fresh | tee v1/f > v2/f; ln -s v1 cur",
        'read("testdata/cur/f")\n'
        'if to, _ := os.Readlink("testdata/cur"); to != "v1" { t.Fatal(to) }',
        "ln -sfn v2 testdata/cur",
    ),
}
SHELL = """
func shell(t *testing.T, script string) {
	if err := exec.Command("sh", "-ec", script).Run(); err != nil { t.Fatal(script, err) }
}
"""


@pytest.mark.parametrize("cases", [ELSEWHERE, REPLACED], ids=["elsewhere", "replaced"])
def test_a_clone_where_it_is_another(cases, machine, tmp_path):
    root = tmp_path / "checkout"
    for name, (before, body, _) in cases.items():
        (root / name / "testdata").mkdir(parents=True)
        (root / name / "testdata" / "file").write_text("as it is")
        source = TEST.format(name, SYSCALL + '\n"os/exec"', READ + body) + SHELL
        (root / name / f"{name}_test.go").write_text(source)
        in_shell(before, root / name)
    (root / "go.mod").write_text("module example.com/changed\n\ngo 1.24\n")
    age(root)
    clones = [tmp_path / "second", tmp_path / "oracle"]
    for clone in clones:
        clone_of(root, clone)
        for name, (_, _, edit) in cases.items():
            in_shell(edit, clone / name)
        age(clone)
    m = machine("m", store=tmp_path / "store")
    words = ("go", "--same-path", "always", "test", "./...")
    m.sluice_run(*words, cwd=root).ok()
    m.wait_uploads(cwd=root)
    second = machine("second", store=tmp_path / "store")
    run = second.sluice_run(*words, cwd=clones[0])
    assert failed(run) == {*cases}, run.describe()
    run = second.plain_go("test", "-count=1", "./...", cwd=clones[1])
    assert failed(run) == {*cases}, "the oracle"


def test_a_result_that_is_not_kept_by_content_stays_with_its_machine(machine, tmp_path):
    """Checkouts whose files all have one time: go's key is the same for another content."""
    root = write_some(tmp_path / "checkout", "reads")
    write_test(root, READ + 'read("testdata/y"); os.Chtimes("testdata/file", then, then)',
               '"time"\n"syscall"\n)\n\nvar (\n\tthen = time.Unix(1600000000, 0)')
    in_shell("echo fresh > testdata/y", root / "reads")
    times = "find . -exec touch -h -d @1600000000 {} +"
    in_shell(times, root)
    m = machine("m", store=tmp_path / "store")
    assert run_tests(m, root) == {"reads"}
    assert run_tests(m, root) == set()
    m.wait_uploads(cwd=root)
    root.rename(tmp_path / "was")
    clone_of(tmp_path / "was", root)
    in_shell("echo stale > reads/testdata/y", root)
    in_shell(times, root)
    second = machine("second", store=tmp_path / "store")
    run = second.go("test", "./reads", cwd=root)
    assert run.code == 1, run.describe()


EATS = 'read("testdata/y"); os.Remove("testdata/y")\ntime.Sleep(2 * time.Second)'


def test_a_list_is_of_one_go(machine, tmp_path):
    """What lay there before a test is told by its own go, and by no other of the same command."""
    root = write_some(tmp_path / "checkout", "reads")
    write_test(root, READ + EATS, SYSCALL + '\n"time"')
    in_shell("echo fresh > testdata/y", root / "reads")
    between = "go test ./reads & sleep 1; go test -c -o /dev/null ./reads; wait"
    age(root)
    m = machine("m", store=tmp_path / "store")
    run = m.sluice_run("run", "--", "sh", "-c", between, cwd=root).ok()
    assert "ok  \texample.com/tested/reads" in run.stdout, run.describe()
    root.rename(tmp_path / "was")
    clone_of(tmp_path / "was", root)
    assert not (root / "reads/testdata/y").exists()
    age(root)
    run = m.go("test", "./reads", cwd=root)
    assert run.code == 1, run.describe()


def test_a_users_own_gocachehash_is_a_value_like_any(machine, tmp_path):
    """go has it in its key, and a test may see it in os.Environ()."""
    root = write_some(tmp_path / "checkout", "reads")
    write_test(
        root,
        READ + 'for _, one := range os.Environ() {\n'
        'if strings.HasPrefix(one, "GODEBUG=") { t.Fatal(one) }\n}',
        SYSCALL + '\n"strings"',
    )
    age(root)
    m = machine("m", store=tmp_path / "store")
    assert run_tests(m, root) == {"reads"}
    for value in ("gocachehash=1", "gocachehash=0,gocachehash=1"):
        assert m.go("test", "./reads", cwd=root, env={"GODEBUG": value}).code == 1, value


def test_gits_own_files_are_no_input_of_who_lists_the_root(machine, tmp_path):
    """Clones of one commit have another index and other logs; another commit is another input."""
    root = write_some(tmp_path / "checkout", "reads")
    write_test(root, READ + 'os.ReadDir("..")', SYSCALL)
    git = "git -c user.name=a -c user.email=a@example.com"
    in_shell(f"git init -q; git add -A; {git} commit -qm one", root)
    age(root)
    m = machine("m", store=tmp_path / "store")
    words = ("go", "--same-path", "always", "test", "./reads")
    assert "(cached)" not in m.sluice_run(*words, cwd=root).ok().stdout
    other = tmp_path / "other"
    in_shell(f"git clone -q {root} {other}", tmp_path)
    in_shell(f"{git} gc -q; git status -s", other)
    age(other)
    assert "(cached)" in m.sluice_run(*words, cwd=other).ok().stdout
    # Another commit, another branch, and another commit of a branch that is a name of another one.
    for change in (
        f"{git} commit -q --allow-empty -m two",
        f"{git} checkout -q -b elsewhere",
        f"{git} symbolic-ref refs/heads/name refs/heads/elsewhere; {git} checkout -q name",
        f"{git} commit -q --allow-empty -m three",
    ):
        in_shell(change, other)
        age(other)
        assert "(cached)" not in m.sluice_run(*words, cwd=other).ok().stdout, change
        assert "(cached)" in m.sluice_run(*words, cwd=other).ok().stdout, change
