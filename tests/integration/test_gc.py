"""`sluice gc` keeps the local tier bounded, least recently used first, and leaves the last day
alone.
"""

import json
import os
import time

import pytest
from sluice_harness import (
    action_id,
    check_gocache,
    compiled,
    files_of,
    read_gocache,
    sha256,
    size_of,
)

K_DAY_S = 24 * 3600


def age(gocache, days: float, keep=lambda name: True) -> None:
    old = time.time() - days * K_DAY_S
    for path in gocache.glob("??/*-[ad]"):
        if keep(path.name):
            os.utime(path, (old, old))


@pytest.fixture
def used(machine, tiny_store, tiny):
    """A machine whose local tier is full of entries from now."""
    m = machine("m", store=tiny_store)
    m.go("build", "-o", str(m.root / "a"), ".", cwd=tiny).ok()
    m.stop()
    assert size_of(m.gocache) > 2 << 20
    return m


def test_todays_entries_stay(used):
    before = files_of(used.gocache)
    used.sluice_run("gc", "--max-size", "1MiB").ok()
    assert files_of(used.gocache) == before
    used.sluice_run("gc", "--max-age", "1s").ok()
    assert files_of(used.gocache) == before


def test_force_removes_them(used):
    used.sluice_run("gc", "--max-size", "1MiB", "--force").ok()
    assert size_of(used.gocache) <= 1 << 20
    check_gocache(used.gocache)


def test_dry_run_changes_nothing(used):
    age(used.gocache, 3)
    before = files_of(used.gocache)
    times = {p: p.stat().st_mtime for p in used.gocache.rglob("*")}
    told = json.loads(
        used.sluice_run("gc", "--max-size", "1MiB", "--dry-run", "--json").ok().stdout
    )
    assert told
    assert files_of(used.gocache) == before
    assert {p: p.stat().st_mtime for p in used.gocache.rglob("*")} == times


def test_size_least_recently_used_first(used, tiny):
    age(used.gocache, 4)
    recent = {e.action for i, e in enumerate(read_gocache(used.gocache)) if i % 3 == 0}
    outputs = {e.output for e in read_gocache(used.gocache) if e.action in recent}
    age(used.gocache, 2, keep=lambda name: name[:64] in recent | outputs)
    young = sum(
        p.stat().st_blocks * 512  # what it takes on the disk, which is what gc counts
        for p in used.gocache.glob("??/*-[ad]")
        if p.stat().st_mtime > time.time() - 3 * K_DAY_S
    )
    used.sluice_run("gc", "--max-size", f"{young + 4096}B").ok()
    assert size_of(used.gocache) <= young + 4096 + 4096
    left = {e.action for e in check_gocache(used.gocache)}
    assert len(recent - left) <= 2, "entries used later were removed before older ones"
    # And what is gone comes back.
    run = used.go("build", "-x", "-o", str(used.root / "a"), ".", cwd=tiny).ok()
    assert compiled(run) == []


def test_age(used):
    age(used.gocache, 10)
    used.sluice_run("gc", "--max-age", "20d").ok()
    assert read_gocache(used.gocache)
    used.sluice_run("gc", "--max-age", "5d").ok()
    assert read_gocache(used.gocache) == [] and not list(used.gocache.glob("??/*-d"))


def test_executables_are_entries_too(machine, tiny_store, tiny):
    """go run's executables are directories in the cache: counted, and removed whole."""
    m = machine("m", store=tiny_store)
    m.go("run", ".", cwd=tiny).ok()
    m.stop()
    assert [p for p in m.gocache.glob("??/*-d") if p.is_dir()]
    age(m.gocache, 3)
    m.sluice_run("gc", "--max-size", "0").ok()
    assert not list(m.gocache.glob("??/*-[ad]"))


def test_only_entries_are_touched(used):
    """Files that are not go's entries stay: README, fuzz corpora, anything a person put there."""
    (used.gocache / "fuzz" / "example.com").mkdir(parents=True)
    (used.gocache / "fuzz" / "example.com" / "seed-a").write_text("corpus")
    (used.gocache / "00" / "notes.txt").write_text("mine")
    (used.gocache / "00" / "zz-d").write_text("not an entry's name")
    outside = used.root / "outside"
    outside.write_text("do not follow")
    link = used.gocache / "01" / (action_id("link").hex() + "-d")
    link.symlink_to(outside)
    age(used.gocache, 30)
    used.sluice_run("gc", "--max-size", "0", "--force").ok()
    assert (used.gocache / "fuzz" / "example.com" / "seed-a").exists()
    assert (used.gocache / "00" / "notes.txt").exists()
    assert (used.gocache / "README").exists()
    assert outside.read_text() == "do not follow"
    assert read_gocache(used.gocache) == []


def test_collected_while_building(used, tiny, tiny_first):
    """Collection and builds at once: right binaries, and the cache is whole after."""
    age(used.gocache, 3)
    out = used.root / "out"
    for _ in range(4):
        build = used.popen(used.sluice, "go", "build", "-o", str(out), ".", cwd=tiny)
        used.sluice_run("gc", "--max-size", "100KiB").ok()
        assert build.wait(120) == 0
        assert sha256(out) == sha256(tiny_first.native)
        age(used.gocache, 3)
    check_gocache(used.gocache)


def test_empty_and_missing(machine):
    m = machine()
    m.sluice_run("gc", "--max-size", "1GiB").ok()
    told = json.loads(m.sluice_run("gc", "--max-size", "1GiB", "--json").ok().stdout)
    assert told is not None


def test_what_resists_is_named_and_the_rest_collected(used):
    """A subdirectory that cannot be listed and a stray directory do not end the collection."""
    age(used.gocache, 3)
    stray = used.gocache / "02" / (action_id("stray").hex() + "-a")
    stray.mkdir()
    clean = used.sluice_run("gc", "--max-size", "0").ok()
    assert stray.is_dir() and "resisted" not in clean.stdout
    loop = used.gocache / "0e"
    for path in loop.glob("*"):
        path.unlink()
    loop.rmdir()
    loop.symlink_to(loop)
    name = action_id("old").hex() + "-a"
    young = used.gocache / name[:2] / name
    young.write_text("damaged")
    os.utime(young, (0, 0))
    run = used.sluice_run("gc", "--max-age", "1d").fails(1)
    assert "1 files resisted, the first: " in run.stdout and str(loop) in run.stdout, run.stdout
    assert not young.exists()
    told = json.loads(used.sluice_run("gc", "--max-age", "1d", "--json").fails(1).stdout)
    assert told["failures"] == 1 and str(loop) in told["first_failure"]
