"""Directories in the store: saved under a name and a key, restored whole or not at all."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from sluice_harness import github

MIB = 1 << 20


def write_tree(root: Path, seed: int = 1, files: int = 400, large: int = 8) -> None:
    random_ = random.Random(seed)
    for number in range(files):
        path = root / f"d{number % 20}" / f"f{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(random_.randbytes(random_.randrange(20_000)))
    (root / "large").write_bytes(random_.randbytes(large * MIB))
    (root / "empty").touch()
    (root / "none" / "inner").mkdir(parents=True)
    (root / "link").symlink_to("d1/f1")
    (root / "dangling").symlink_to("/nowhere/at/all")
    os.link(root / "d2/f2", root / "twin")
    with (root / "sparse").open("wb") as file:
        file.seek(20 * MIB)
        file.write(b"end")
    (root / "d3/f3").chmod(0o755)
    os.utime(root / "d3/f3", ns=(0, 1_600_000_000_123_456_789))
    (root / "d4").chmod(0o555)
    os.utime(root / "d4", ns=(0, 1_500_000_000_000_000_001))


def contents(root: Path) -> dict[str, tuple]:
    """Everything that a snapshot keeps, by name."""
    found = {}
    inodes: dict[int, str] = {}
    for path in [root, *sorted(root.rglob("*"))]:
        info = path.lstat()
        what: object = None
        if path.is_symlink():
            what = os.readlink(path)
        elif path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            what = (digest, inodes.setdefault(info.st_ino, str(path.relative_to(root))))
        mode = 0 if path.is_symlink() else info.st_mode
        found[str(path.relative_to(root))] = (mode, info.st_mtime_ns, what)
    return found


class Job:
    """A job of a repository on one machine: its checkout and its CI variables."""

    def __init__(self, machine, root: Path, store, name: str = "m", **ci):
        self.m = machine(name, store=store)
        self.root = root
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "go.mod").write_text("module example.com/x\n\ngo 1.24\n")
        self.env = github(**ci) if ci else {}

    def run(self, *words: str, code: int = 0, **env: str):
        return self.m.sluice_run(*words, cwd=self.root, env={**self.env, **env}).fails(code)

    def save(self, key: str, *words: str, path: str = "tree", **env: str) -> dict:
        run = self.run("save", "tool", "--path", path, "--key", key, *words, "--json", **env)
        return json.loads(run.stdout)

    def restore(self, key: str, *words: str, path: str = "tree", **env: str) -> dict:
        run = self.run("restore", "tool", "--path", path, "--key", key, *words, "--json", **env)
        return json.loads(run.stdout)


def test_another_machine_has_all_of_it(machine, tmp_path, store_env):
    one = Job(machine, tmp_path / "one", None, branch="main", sha="a" * 40)
    write_tree(one.root / "tree")
    before = contents(one.root / "tree")
    saved = one.save("k-{hash:go.mod}", **store_env)
    assert saved["kept"] and not saved["unchanged"] and saved["reason"] == "", saved
    assert saved["bytes_new"] > 8 * MIB > saved["bytes_new"] - saved["bytes"]
    other = Job(machine, tmp_path / "other", None, branch="main", sha="b" * 40)
    restored = other.restore("k-{hash:go.mod}", **store_env)
    assert restored["exact"] and restored["scope"] == "branch", restored
    assert contents(other.root / "tree") == before
    assert (other.root / "tree" / "sparse").stat().st_blocks * 512 < MIB
    # Nothing is left beside it, and the same again costs nothing.
    assert sorted(os.listdir(other.root)) == ["go.mod", "tree"]
    again = other.save("k-2", **store_env)
    assert again["unchanged"] and again["bytes_new"] == 0 and again["bytes_up"] < MIB // 4, again


def test_one_percent_costs_about_one_percent(machine, tmp_path):
    job = Job(machine, tmp_path / "work", tmp_path / "store")
    tree = job.root / "tree"
    write_tree(tree, files=2000, large=30)
    first = job.save("one")
    random_ = random.Random(7)
    for number in random_.sample(range(2000), 20):
        (tree / f"d{number % 20}" / f"f{number}").write_bytes(random_.randbytes(10_000))
    with (tree / "large").open("r+b") as file:
        file.seek(11 * MIB)
        file.write(random_.randbytes(300_000))
    second = job.save("two")
    assert second["bytes_up"] < 0.03 * first["bytes_up"], (first, second)
    before = contents(tree)
    assert job.restore("two", "--replace")["exact"]
    assert contents(tree) == before


def test_who_finds_what(machine, tmp_path):
    store = tmp_path / "store"
    events = tmp_path / "events"
    events.mkdir()

    def job(name: str, **ci) -> Job:
        return Job(machine, tmp_path / name, store, name, event_path=events / name, **ci)

    main = job("main", branch="main", sha="a" * 40)
    (main.root / "tree").mkdir()
    (main.root / "tree" / "who").write_text("main")
    main.save("cargo-1-main")
    feature = job("feature", branch="feature", sha="b" * 40)
    found = feature.restore("cargo-1-feature", "--fallback", "cargo-9", "cargo-1-")
    assert (found["from_key"], found["scope"]) == ("cargo-1-main", "default-branch")
    assert not found["exact"]
    (feature.root / "tree" / "who").write_text("feature")
    feature.save("cargo-1-feature")
    found = feature.restore("cargo-1-x", "--fallback", "cargo-1-", "--replace")
    assert found["scope"] == "commit" and found["from_key"] == "cargo-1-feature"
    # The exact key, wherever it is, before any fallback.
    found = feature.restore("cargo-1-main", "--fallback", "cargo-1-", "--replace")
    assert found["exact"] and (feature.root / "tree" / "who").read_text() == "main"
    # Main sees nothing of a branch, and a fork's pull request leaves nothing to main.
    assert not main.restore("cargo-1-feature", "--replace")["restored"]
    fork = job(
        "fork",
        branch="feature",
        sha="c" * 40,
        event="pull_request",
        pull_request={"head": "stranger/shop"},
    )
    assert fork.restore("cargo-1-main")["exact"]
    (fork.root / "tree" / "who").write_text("fork")
    fork.save("cargo-1-main")
    shutil.rmtree(main.root / "tree")
    assert main.restore("cargo-1-main")["exact"]
    assert (main.root / "tree" / "who").read_text() == "main"


def test_what_is_there_stays(machine, tmp_path):
    job = Job(machine, tmp_path / "work", tmp_path / "store")
    tree = job.root / "tree"
    tree.mkdir()
    (tree / "a").write_text("saved")
    (job.root / "file").write_text("saved")
    words = ("--path", "tree", "file")
    job.run("save", "tool", *words, "--key", "k")
    (tree / "a").write_text("mine")
    (job.root / "file").write_text("mine")
    run = job.run("restore", "tool", *words, "--key", "k")
    assert "tree is there already, and stays" in run.stdout, run.stdout
    assert (tree / "a").read_text() == (job.root / "file").read_text() == "mine"
    job.run("restore", "tool", *words, "--key", "k", "--replace")
    assert (tree / "a").read_text() == (job.root / "file").read_text() == "saved"


def test_home_excludes_and_links(machine, tmp_path):
    job = Job(machine, tmp_path / "work", tmp_path / "store")
    cache = job.m.home / ".cache" / "tool"
    (cache / "build").mkdir(parents=True)
    (cache / "build" / "x").write_text("x")
    (cache / "deps").mkdir()
    (cache / "deps" / "y.log").write_text("y")
    (cache / "deps" / "y.o").write_text("y")
    job.save("k", "--exclude", "*.log", path="~/.cache/tool")
    shutil.rmtree(cache)
    elsewhere = tmp_path / "disk"
    elsewhere.mkdir()
    cache.symlink_to(elsewhere)
    assert job.restore("k", "--exclude", "build/**", path="~/.cache/tool/")["files"] == 1
    assert cache.is_symlink()
    assert sorted(str(p.relative_to(elsewhere)) for p in elsewhere.rglob("*")) == [
        "deps",
        "deps/y.o",
    ]


BAD = [
    (("save",), "say which"),
    (("save", "a/b", "--path", "tree", "--key", "k"), "is no name"),
    (("save", "tool", "--key", "k"), "--path PATH"),
    (("save", "tool", "--path", "tree"), "--key KEY"),
    (("save", "tool", "--path", "absent", "--key", "k"), "absent: nothing is there"),
    (("save", "tool", "--path", "tree", "tree/d1", "--key", "k"), "one in the other"),
    (("save", "tool", "--path", "/", "--key", "k"), "not all of /"),
    (("save", "tool", "--path", "tree", "--key", "{hash:absent}"), "no file is absent"),
    (("save", "tool", "--path", "tree", "--key", "{hash"), "character 1"),
    (("save", "tool", "--path", "tree", "--key", "{what}"), "{what} is none of"),
    (("save", "tool", "--path", "tree", "--key", "{env:ABSENT}"), "ABSENT is not set"),
    (("save", "tool", "--path", "tree", "--key", "a\nb"), "control characters"),
    (("restore", "tool", "--path", "tree", "--key", "k", "--fallback", "{x}"), "--fallback"),
    (("restore", "tool", "--path", "other", "--key", "known"), "has no path other; it has tree"),
]


@pytest.mark.parametrize("words, said", BAD, ids=[said for _, said in BAD])
def test_bad_words(machine, tmp_path, words, said):
    job = Job(machine, tmp_path / "work", tmp_path / "store")
    write_tree(job.root / "tree", files=40, large=1)
    job.save("known")
    before = contents(job.root)
    run = job.run(*words, code=2)
    assert said in run.stderr and len(run.stderr.splitlines()) == 1, run.describe()
    assert contents(job.root) == before


def damaged(store: Path) -> None:
    for path in store.rglob("*"):
        if path.is_file() and "/blobs/" in str(path):
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(data)


def without_blobs(store: Path) -> None:
    shutil.rmtree(store / "trusted" / "v1" / "blobs")


def without_heads(store: Path) -> None:
    for path in (store / "trusted" / "v1" / "scopes").rglob("*"):
        if path.is_file():
            path.write_bytes(b"not a head")


@pytest.mark.parametrize("harm", [damaged, without_blobs, without_heads])
def test_a_broken_store_costs_the_snapshot_alone(machine, tmp_path, harm):
    store = tmp_path / "store"
    job = Job(machine, tmp_path / "work", store)
    write_tree(job.root / "tree", files=40, large=5)
    job.save("k")
    shutil.move(job.root / "tree", tmp_path / "kept")
    harm(store)
    restored = job.restore("k")
    assert not restored["restored"] and restored["reason"], restored
    assert sorted(os.listdir(job.root)) == ["go.mod"]
    # It is mended by the next job that saves.
    shutil.move(tmp_path / "kept", job.root / "tree")
    before = contents(job.root / "tree")
    saved = job.save("k")
    assert saved["kept"], saved
    assert job.restore("k", "--replace")["exact"]
    assert contents(job.root / "tree") == before


def test_a_store_that_is_down(machine, tmp_path, minio):
    job = Job(machine, tmp_path / "work", None)
    (job.root / "tree").mkdir()
    (job.root / "tree" / "a").write_text("a")
    env = minio.env(SLUICE_STORE="s3://nowhere/ci", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    saved = job.save("k", **env)
    assert not saved["kept"] and saved["reason"], saved
    restored = job.restore("k", path="other", **env)
    assert not restored["restored"] and restored["reason"], restored
    off = job.save("k", SLUICE="off")
    assert not off["kept"] and off["reason"] == "SLUICE=off"
    read_only = job.save("k", SLUICE_READ_ONLY="1", SLUICE_STORE=(tmp_path / "s").as_uri())
    assert not read_only["kept"] and "read-only" in read_only["reason"]


def test_killed_in_the_middle(machine, tmp_path):
    """Nothing of a restore is visible before all of it is there."""
    job = Job(machine, tmp_path / "work", tmp_path / "store")
    write_tree(job.root / "tree", files=3000, large=40)
    before = contents(job.root / "tree")
    job.save("k")
    shutil.rmtree(job.root / "tree")
    words = [job.m.sluice, "restore", "tool", "--path", "tree", "--key", "k"]
    was_seen = 0
    for number in range(8):
        process = subprocess.Popen(words, cwd=job.root, env=job.m.env, stdout=subprocess.DEVNULL)
        time.sleep(0.02 + 0.03 * number)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if (job.root / "tree").exists():
            was_seen += 1
            assert contents(job.root / "tree") == before
            shutil.rmtree(job.root / "tree")
    assert was_seen < 8
    assert job.restore("k")["exact"]
    assert contents(job.root / "tree") == before


def test_two_at_once(machine, tmp_path):
    """Two jobs that save one key, and two that restore to one place."""
    store = tmp_path / "store"
    jobs = [Job(machine, tmp_path / f"work{n}", store, f"m{n}") for n in range(2)]
    for job in jobs:
        write_tree(job.root / "tree", files=500, large=4)
    started = [
        subprocess.Popen(
            [job.m.sluice, "save", "tool", "--path", "tree", "--key", "k"],
            cwd=job.root,
            env=job.m.env,
            stdout=subprocess.DEVNULL,
        )
        for job in jobs
    ]
    assert [process.wait(timeout=120) for process in started] == [0, 0]
    before = {job: contents(job.root / "tree") for job in jobs}
    place = jobs[0].root / "tree"
    shutil.rmtree(place)
    words = ["restore", "tool", "--path", "tree", "--key", "k"]
    started = [
        subprocess.Popen(
            [jobs[0].m.sluice, *words],
            cwd=jobs[0].root,
            env=jobs[0].m.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    assert 0 in [process.wait(timeout=120) for process in started]
    assert contents(place) in before.values()
    assert not [name for name in os.listdir(jobs[0].root) if "sluice-restore" in name]
