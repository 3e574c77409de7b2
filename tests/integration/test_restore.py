"""The restore mode: the store fills GOCACHE before go starts and takes what is new after. Carries
executables, old go.
"""

import os
import time

import pytest
from conftest import OLD_TOOLCHAIN, write_tiny
from sluice_harness import SHOP, check_gocache, compiled, fresh_checkout, linked, sha256


def directories(gocache) -> list:
    return [path for path in gocache.glob("??/*-d") if path.is_dir()]


def test_build_in_restore_mode(machine, tmp_path, tiny, tiny_first):
    store = tmp_path / "store"
    first = machine("first", store=store)
    run = first.go(
        "build", "-o", str(first.root / "a"), ".", cwd=tiny, flags=("--mode=restore",)
    ).ok()
    assert run.summary["mode"] == "restore" and len(run.summary_lines) == 1
    first.wait_uploads(cwd=tiny)
    first.stop()
    check_gocache(first.gocache)
    second = machine("second", store=store)
    run = second.go(
        "build", "-x", "-o", str(second.root / "a"), ".", cwd=tiny, flags=("--mode=restore",)
    ).ok()
    assert compiled(run) == []
    assert sha256(second.root / "a") == sha256(tiny_first.native)
    assert run.summary["restored"] > 0 and run.summary["bytes_down"] > 0, run.summary
    check_gocache(second.gocache)


def test_modes_share_a_store(machine, tmp_path, tiny_store, tiny, tiny_first):
    """What a cacheprog job stored fills a restore job, and the other way round."""
    restored = machine("restored", store=tiny_store)
    run = restored.go(
        "build", "-x", "-o", str(restored.root / "a"), ".", cwd=tiny, flags=("--mode=restore",)
    ).ok()
    assert compiled(run) == []
    store = tmp_path / "other-way"
    first = machine("first", store=store)
    first.go("build", "-o", str(first.root / "a"), ".", cwd=tiny, flags=("--mode=restore",)).ok()
    first.wait_uploads(cwd=tiny)
    first.stop()
    second = machine("second", store=store)
    run = second.go(
        "build", "-x", "-o", str(second.root / "a"), ".", cwd=tiny, flags=("--mode=cacheprog",)
    ).ok()
    assert compiled(run) == []
    assert sha256(second.root / "a") == sha256(tiny_first.native)


def test_restored_entries_are_young(machine, tiny_store, tiny):
    """go deletes entries unused for five days: restored ones look used today, and trim.txt is
    never restored.
    """
    m = machine("m", store=tiny_store)
    m.go("build", "-o", str(m.root / "a"), ".", cwd=tiny, flags=("--mode=restore",)).ok()
    paths = list(m.gocache.glob("??/*-[ad]"))
    assert paths and all(p.stat().st_mtime > time.time() - 24 * 3600 for p in paths)
    trim = m.gocache / "trim.txt"
    assert not trim.exists() or abs(int(trim.read_text()) - time.time()) < 600


def test_what_was_restored_and_used_stays_published(machine, tmp_path, tiny):
    """Generation after generation: a job publishes what it used, not only what it made."""
    store = tmp_path / "store"
    flags = ("--mode=restore", "--drain=wait")
    for number in range(3):
        m = machine(f"m{number}", store=store)
        write_tiny(tiny, f"generation {number}")
        run = m.go("build", "-x", "-o", str(m.root / "a"), ".", cwd=tiny, flags=flags).ok()
        if number:
            assert "runtime" not in compiled(run), f"generation {number} lost what came before"
        m.stop()


def test_old_go(machine, tmp_path, tiny, toolchain):
    """Go before 1.24 has no cache programs: sluice fills its GOCACHE instead, without being
    told.
    """
    env = {"GOTOOLCHAIN": toolchain(OLD_TOOLCHAIN)}
    store = tmp_path / "store"
    first = machine("first", store=store)
    run = first.go("build", "-o", str(first.root / "a"), ".", cwd=tiny, env=env).ok()
    assert run.summary["mode"] == "restore", run.summary
    first.wait_uploads(cwd=tiny, env=env)
    first.stop()
    second = machine("second", store=store)
    run = second.go("build", "-x", "-o", str(second.root / "a"), ".", cwd=tiny, env=env).ok()
    assert compiled(run) == []
    assert sha256(first.root / "a") == sha256(second.root / "a")
    check_gocache(second.gocache)


def test_go_run_carries_its_executable(machine, filled_store, checkout):
    """`go run` on the second machine neither compiles nor links."""
    first = machine("first", store=filled_store)
    run = first.go("run", "./cmd/shop", "about", cwd=checkout).ok()
    assert run.summary["mode"] == "restore", run.summary
    assert "7 products" in run.stdout
    first.wait_uploads(cwd=checkout)
    first.stop()
    assert directories(first.gocache), "go kept no executable"
    second = machine("second", store=filled_store)
    fresh_checkout(SHOP, checkout)
    run = second.go("run", "-x", "./cmd/shop", "about", cwd=checkout).ok()
    assert "7 products" in run.stdout
    assert compiled(run) == [] and linked(run) == 0, run.describe()
    check_gocache(second.gocache)


def test_go_tool_carries_its_executable(machine, filled_store, checkout):
    first = machine("first", store=filled_store)
    want = (checkout / "currency" / "table.go").read_text()
    args = ("gencurrency", "-in", "currency/currencies.csv")
    assert first.go("tool", *args, cwd=checkout).ok().stdout == want
    first.wait_uploads(cwd=checkout)
    first.stop()
    second = machine("second", store=filled_store)
    fresh_checkout(SHOP, checkout)
    path = second.go("tool", "-n", "gencurrency", cwd=checkout).ok().stdout.split()[0]
    assert path.startswith(str(second.gocache)), "the executable was not in the cache"
    assert second.go("tool", *args, cwd=checkout).ok().stdout == want


def test_restore_next_to_a_filled_cache(machine, tiny_store, tiny, tiny_first):
    """What is there already is not fetched again."""
    m = machine("m", store=tiny_store)
    flags = ("--mode=restore",)
    m.go("build", "-o", str(m.root / "a"), ".", cwd=tiny, flags=flags).ok()
    again = m.go("build", "-x", "-o", str(m.root / "b"), ".", cwd=tiny, flags=flags).ok()
    assert again.summary["bytes_down"] == 0, again.summary
    assert compiled(again) == []


@pytest.mark.parametrize("damage", ["flip", "cut"])
def test_restore_from_a_damaged_store(damage, machine, tiny_store, tiny, tiny_first):
    for path in tiny_store.rglob("*"):
        if path.is_file() and path.stat().st_size:
            if damage == "cut":
                os.truncate(path, path.stat().st_size // 2)
            else:
                data = bytearray(path.read_bytes())
                data[len(data) // 2] ^= 0x10
                path.write_bytes(data)
    m = machine("m", store=tiny_store)
    run = m.go("build", "-o", str(m.root / "a"), ".", cwd=tiny, flags=("--mode=restore",)).ok()
    assert sha256(m.root / "a") == sha256(tiny_first.native)
    assert run.said and len(run.said) == len(set(run.said)), run.stderr
    check_gocache(m.gocache)


def test_a_command_longer_than_the_agents_idle_time(machine, tmp_path, tiny):
    """The agent ends after half a minute without anybody; while the command runs there is
    somebody.
    """
    m = machine("m", store=tmp_path / "store")
    words = "sleep 33; go build -o /dev/null ./part"
    run = m.sluice_run("run", "--mode=restore", "--", "sh", "-c", words, cwd=tiny).ok()
    assert run.said == [] and run.summary["agent"] == "ok", run.describe()
    assert run.summary["saved"] > 0, run.summary


def test_an_agent_that_ended_meanwhile_is_replaced(machine, tmp_path, tiny):
    """What the command made is saved by another one."""
    m = machine("m", store=tmp_path / "store")
    words = f"go build -o /dev/null ./part && '{m.sluice}' agent stop"
    flags = ("--mode=restore", "--drain=wait")
    run = m.sluice_run("run", *flags, "--", "sh", "-c", words, cwd=tiny).ok()
    assert run.said == [] and run.summary["agent"] == "ok", run.describe()
    assert run.summary["saved"] > 0 and run.summary["bytes_up"] > 0, run.summary


def test_the_agents_connection_stays_ours(machine, tiny_store, tiny):
    m = machine("m", store=tiny_store)
    words = "ls -l /proc/self/fd"
    run = m.sluice_run("run", "--mode=restore", "--", "sh", "-c", words, cwd=tiny).ok()
    assert "socket:" not in run.stdout, run.stdout
