"""The local tier is a native GOCACHE: plain go and sluice work on the same directory, also at
once.
"""

import os
import shutil
import subprocess
import time

from sluice_harness import check_gocache, compiled, linked, read_gocache, sha256


def test_plain_go_uses_what_sluice_left(machine, filled_store, checkout):
    second = machine("second", store=filled_store)
    second.go("build", "-o", str(second.root / "a"), "./cmd/shop", cwd=checkout).ok()
    run = second.plain_go(
        "build", "-x", "-o", str(second.root / "b"), "./cmd/shop", cwd=checkout
    ).ok()
    assert compiled(run) == []
    assert sha256(second.root / "a") == sha256(second.root / "b")
    check_gocache(second.gocache)
    assert not (second.gocache / "trim.txt").exists() or _trimmed_by_plain_go(second.gocache)
    # 256 directories and a README, as go makes them; nothing of sluice's own among them.
    names = {path.name for path in second.gocache.iterdir()}
    assert names <= {f"{n:02x}" for n in range(256)} | {
        "README",
        "trim.txt",
        "testexpire.txt",
        "fuzz",
    }, names


def _trimmed_by_plain_go(gocache) -> bool:
    """Plain go writes the time of its own trim, which is now."""
    return abs(int((gocache / "trim.txt").read_text()) - time.time()) < 600


def test_no_trim_file_after_sluice_alone(machine, filled_store, checkout):
    second = machine("second", store=filled_store)
    second.go("build", "-o", str(second.root / "a"), "./cmd/shop", cwd=checkout).ok()
    second.stop()
    assert not (second.gocache / "trim.txt").exists()


def test_sluice_uses_what_plain_go_left(machine, tmp_path, checkout, native):
    first = machine("first", store=tmp_path / "store")
    subprocess.run(["cp", "-a", native.gocache, first.gocache], check=True)
    run = first.go("build", "-x", "-o", str(first.root / "a"), "./cmd/shop", cwd=checkout).ok()
    assert compiled(run) == []
    assert sha256(first.root / "a") == sha256(native.binary)
    assert run.summary["hits_local"] > 100 and run.summary["hits_remote"] == 0, run.summary


def test_leftovers_of_plain_go_are_not_published(machine, tmp_path, checkout, native):
    """What plain go left may come from anybody who could write there: used here, never given to
    others, unless asked.
    """
    store = tmp_path / "store"
    first = machine("first", store=store)
    subprocess.run(["cp", "-a", native.gocache, first.gocache], check=True)
    first.go("build", "-o", str(first.root / "a"), "./cmd/shop", cwd=checkout).ok()
    first.wait_uploads(cwd=checkout)
    first.stop()
    second = machine("second", store=store)
    run = second.go("list", "-export", "-f", "{{.Export}}", "errors", cwd=checkout).ok()
    assert run.summary["hits_remote"] == 0, "an entry of plain go was published"

    owner = machine("owner", store=store)
    subprocess.run(["cp", "-a", native.gocache, owner.gocache], check=True)
    owner.go(
        "build", "-o", str(owner.root / "a"), "./cmd/shop", cwd=checkout, flags=("--publish-local",)
    ).ok()
    owner.wait_uploads(cwd=checkout)
    owner.stop()
    third = machine("third", store=store)
    run = third.go("build", "-x", "-o", str(third.root / "a"), "./cmd/shop", cwd=checkout).ok()
    assert compiled(run) == []


def test_use_marks(machine, checkout, native):
    """A hit on an entry that looks old makes it young again, so that go's trimming keeps it."""
    second = machine("second")
    shutil.copytree(native.gocache, second.gocache)
    old = time.time() - 3 * 24 * 3600
    for path in second.gocache.glob("??/*-[ad]"):
        os.utime(path, (old, old))
    out = str(second.root / "a")
    second.go("build", "-o", out, "./cmd/shop", cwd=checkout, flags=("--no-remote",)).ok()
    second.go("vet", "./...", cwd=checkout, flags=("--no-remote",)).ok()
    entries = read_gocache(second.gocache)
    young = [e for e in entries if e.data.stat().st_mtime > time.time() - 3600]
    assert len(young) > len(entries) * 0.8, f"{len(young)} of {len(entries)} are marked as used"
    for entry in young:
        mark = second.gocache / entry.action[:2] / f"{entry.action}-a"
        if mark.stat().st_mtime > time.time() - 3600:
            break
    else:
        raise AssertionError("no -a file is marked as used")


def test_go_clean_cache_clears_it(machine, tiny_store, tiny):
    second = machine("second", store=tiny_store)
    second.go("build", "-o", str(second.root / "a"), ".", cwd=tiny).ok()
    assert read_gocache(second.gocache)
    second.go("clean", "-cache", cwd=tiny).ok()
    assert read_gocache(second.gocache) == []
    second.go("build", "-o", str(second.root / "a"), ".", cwd=tiny).ok()


def test_go_clean_testcache_works(machine, filled_store, checkout):
    """Answers carry the time of the entry, so `go clean -testcache` expires results."""
    second = machine("second", store=filled_store)
    second.go("test", "./money", cwd=checkout).ok()
    assert "(cached)" in second.go("test", "./money", cwd=checkout).ok().stdout
    second.go("clean", "-testcache", cwd=checkout).ok()
    assert "(cached)" not in second.go("test", "./money", cwd=checkout).ok().stdout


def test_many_at_once(machine, filled_store, checkout, native):
    """Eight sluice jobs and plain go processes on one local tier and one checkout, from empty."""
    second = machine("second", store=filled_store)
    jobs = []
    for n in range(8):
        out = second.root / f"out-{n}"
        jobs.append(
            (
                out,
                second.popen(
                    second.sluice,
                    "go",
                    "build",
                    "-o",
                    str(out),
                    "./cmd/shop",
                    cwd=checkout,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                ),
            )
        )
    for n in range(2):
        out = second.root / f"plain-{n}"
        jobs.append(
            (
                out,
                second.popen(
                    "go",
                    "build",
                    "-o",
                    str(out),
                    "./cmd/shop",
                    cwd=checkout,
                    env={"GOCACHE": str(second.gocache)},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                ),
            )
        )
    for out, process in jobs:
        text = process.communicate(timeout=240)[0].decode()
        assert process.returncode == 0, text
        assert sha256(out) == sha256(native.binary)
    assert len(second.agents()) == 1, "the jobs of one machine and store share an agent"
    check_gocache(second.gocache)
    run = second.plain_go(
        "build", "-x", "-o", str(second.root / "again"), "./cmd/shop", cwd=checkout
    ).ok()
    assert compiled(run) == [] and linked(run) == 1
