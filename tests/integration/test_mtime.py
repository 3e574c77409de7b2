"""`sluice mtime`: times that are made of content, with real git and a go without sluice."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from test_test_results_random import PACKAGES, World


def git(*words: str, cwd: Path) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    out = subprocess.run(
        ["git", *identity, *words], cwd=cwd, check=True, capture_output=True, text=True
    )
    return out.stdout


@pytest.fixture
def repository(machine, tmp_path):
    """A repository whose tests consult files in every way, and the machine."""
    m = machine()
    root = World(tmp_path / "world", m, 1).root
    (root / "odd \t\n name").write_text("odd")
    (root / "outside").symlink_to("/etc/hostname")
    git("init", "-q", cwd=root)
    git("add", ".", cwd=root)
    git("commit", "-qm", "one", cwd=root)
    return m, root


def times(root: Path) -> dict[str, int]:
    found = {}
    for directory, names, files in os.walk(root):
        if ".git" in names:
            names.remove(".git")
        for name in [*files, *names, "."]:
            path = os.path.normpath(os.path.join(directory, name))
            found[os.path.relpath(path, root)] = os.lstat(path).st_mtime_ns
    return found


def test_two_clones_have_the_same_times(repository, tmp_path):
    m, root = repository
    clones = [tmp_path / "a", tmp_path / "b"]
    for clone in clones:
        git("clone", "-q", str(root), str(clone), cwd=tmp_path)
    index = (clones[0] / ".git/index").stat()
    outside = os.stat("/etc/hostname").st_mtime_ns
    reports = [
        json.loads(m.sluice_run("mtime", "--json", cwd=clone).ok().stdout) for clone in clones
    ]
    assert reports[0] == reports[1]
    assert reports[0]["failures"] == 0 and reports[0]["changed"] > 30
    assert times(clones[0]) == times(clones[1])
    assert all(315532800 <= at / 1e9 < 1700000000 for at in times(clones[0]).values())
    assert os.stat("/etc/hostname").st_mtime_ns == outside
    after = (clones[0] / ".git/index").stat()
    assert (after.st_ino, after.st_mtime_ns) == (index.st_ino, index.st_mtime_ns)
    # A second time there is nothing to do.
    again = m.sluice_run("mtime", cwd=clones[0] / "reads").ok()
    assert "0 got another time" in again.stdout
    assert "in git's index were hashed, none is modified\n" in again.stdout
    # What is changed has the time of its content, and the old one when it is changed back.
    before = times(clones[0])
    file = clones[0] / "reads/data/a"
    text = file.read_text()
    file.write_text(text.upper())
    report = json.loads(m.sluice_run("mtime", "--json", cwd=clones[0]).ok().stdout)
    assert report["hashed"] >= report["modified"] == 1
    assert times(clones[0])["reads/data/a"] != before["reads/data/a"]
    file.write_text(text)
    m.sluice_run("mtime", cwd=clones[0]).ok()
    assert times(clones[0]) == before


def test_go_alone_reuses_its_results(repository, tmp_path):
    m, root = repository
    checkout = tmp_path / "checkout"
    for round_ in range(2):
        git("clone", "-q", str(root), str(checkout), cwd=tmp_path)
        m.sluice_run("mtime", cwd=checkout).ok()
        run = m.plain_go("test", "./...", cwd=checkout).ok()
        assert run.stdout.count("(cached)") == (len(PACKAGES) if round_ else 0), run.describe()
        checkout.rename(tmp_path / f"old-{round_}")


def test_what_is_not_gits_is_left_alone(repository, tmp_path):
    m, root = repository
    (root / "lists/data/untracked").write_text("")
    (root / "stats/data/a").unlink()
    # A tracked directory that is a link now: what it leads to is not the checkout's.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("a", "b"):
        (elsewhere / name).write_text("good")
    (root / "asks/data").rename(tmp_path / "kept")
    (root / "asks/data").symlink_to(elsewhere)
    now = time.time() - 100
    for path in (root / "lists/data", root / "lists/data/untracked", *elsewhere.iterdir()):
        os.utime(path, (now, now))
    before = times(root) | times(elsewhere)
    dry = m.sluice_run("mtime", "--dry-run", cwd=root).ok()
    assert "would get" in dry.stdout and times(root) | times(elsewhere) == before
    m.sluice_run("mtime", cwd=root).ok()
    after = times(root)
    assert after["lists/data/untracked"] == before["lists/data/untracked"]
    assert after["lists/data"] == before["lists/data"]
    assert after["reads/data"] != before["reads/data"]
    assert times(elsewhere) == {name: before[name] for name in times(elsewhere)}


def test_outside_of_a_work_tree(machine, tmp_path):
    m = machine()
    refused = m.sluice_run("mtime", cwd=tmp_path, env={"GIT_CEILING_DIRECTORIES": "/"}).fails(2)
    assert refused.said == ["sluice: mtime: not in a git work tree; run it in a checkout"]
    absent = m.sluice_run("mtime", cwd=tmp_path, env={"PATH": "/nonexistent"})
    assert absent.code != 0 and "git: not found" in absent.stderr
