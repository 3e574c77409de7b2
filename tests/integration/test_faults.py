"""A cache never fails a build: whatever breaks, the binary is right, the exit status 0, and the
reason said once.
"""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from conftest import EXPORT, exported, write_tiny
from sluice_harness import (
    CacheProg,
    Run,
    action_id,
    check_gocache,
    compiled,
    sha256,
    wait_until,
)

K_BUILD_BOUND_S = 120


def once(run) -> None:
    """No line of sluice's is said twice, and there are few."""
    assert len(run.said) == len(set(run.said)), run.stderr
    assert len(run.said) <= 3, run.stderr


def export(m, root, native: dict[str, str], **options):
    """Compile the library; every archive must be the native one."""
    run = m.go(*EXPORT, cwd=root, timeout_s=K_BUILD_BOUND_S, **options).ok()
    assert exported(run) == native, run.describe()
    once(run)
    return run


def build(m, root, native: Path, **options):
    """Build the tiny module; the binary must be the native one."""
    out = m.root / "out"
    out.unlink(missing_ok=True)
    run = m.go(
        "build", "-x", "-o", str(out), ".", cwd=root, timeout_s=K_BUILD_BOUND_S, **options
    ).ok()
    assert sha256(out) == sha256(native), run.describe()
    once(run)
    return run


# --- the agent dies ---


@pytest.mark.parametrize("delay_ms", [0, 30, 80, 150, 300, 600, 1200])
def test_agent_killed_during_a_warm_build(delay_ms, machine, filled_store, checkout, native):
    m = machine("m", store=filled_store)
    out = m.root / "out"
    process = m.popen(
        m.sluice,
        "go",
        "build",
        "-x",
        "-o",
        str(out),
        "./cmd/shop",
        cwd=checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert wait_until(lambda: m.agents() or process.poll() is not None, 20, 0.002)
    time.sleep(delay_ms / 1000)
    for pid in m.agents():
        os.kill(pid, signal.SIGKILL)
    _, err = process.communicate(timeout=K_BUILD_BOUND_S)
    said = [
        line
        for line in err.decode().splitlines()
        if line.startswith("sluice: ") and "lookups" not in line
    ]
    assert process.returncode == 0, err.decode()
    assert len(said) <= 1, said
    # The next agent answers what this one was asked: nothing is made that the store has.
    run = Run(["go", "build"], 0, "", err.decode(), None, 0)
    assert compiled(run) == [], said
    assert sha256(out) == sha256(native.binary)
    check_gocache(m.gocache, killed=True)
    healthy = m.go("build", "-o", str(out), "./cmd/shop", cwd=checkout).ok()
    assert sha256(out) == sha256(native.binary) and healthy.said == []


def test_agent_killed_again_and_again(machine, tiny, tmp_path, tiny_first):
    """A killer that hunts every agent of this machine while a cold build and its upload run."""
    m = machine("m", store=tmp_path / "store")
    over = threading.Event()
    killed: list[int] = []

    def hunt() -> None:
        while not over.is_set():
            for pid in m.agents():
                try:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
                except ProcessLookupError:
                    pass
            time.sleep(random.uniform(0.01, 0.1))

    hunter = threading.Thread(target=hunt)
    hunter.start()
    try:
        build(m, tiny, tiny_first.native, flags=("--drain=wait",))
    finally:
        over.set()
        hunter.join()
    assert killed, "no agent was there to kill"
    check_gocache(m.gocache, killed=True)
    build(m, tiny, tiny_first.native)
    m.wait_uploads(cwd=tiny)


def test_agent_killed_while_waiting_for_uploads(machine, tiny, tmp_path, tiny_first):
    m = machine("m", store=tmp_path / "store")
    out = m.root / "out"
    process = m.popen(
        m.sluice,
        "go",
        "--drain=wait",
        "build",
        "-o",
        str(out),
        ".",
        cwd=tiny,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert wait_until(out.exists, 120, 0.002)
    for pid in m.agents():
        os.kill(pid, signal.SIGKILL)
    _, err = process.communicate(timeout=K_BUILD_BOUND_S)
    assert process.returncode == 0, err.decode()
    assert sha256(out) == sha256(tiny_first.native)
    # What was published is whole: another machine builds right from it.
    m.stop()
    build(machine("other", store=tmp_path / "store"), tiny, tiny_first.native)


@pytest.mark.parametrize("mode", ["cacheprog", "restore"])
def test_agent_that_hangs(machine, tiny, tiny_store, tiny_first, mode):
    """An agent that is stopped answers nothing: the build goes on without it, in bounded time."""
    m = machine("m", store=tiny_store)
    m.env["SLUICE_MODE"] = mode
    p = CacheProg(m, cwd=tiny)
    p.get(action_id("wake the agent"))
    assert wait_until(lambda: m.agents(), 10)
    p.end()
    agents = m.agents()
    for pid in agents:
        os.kill(pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        run = build(m, tiny, tiny_first.native)
        took_s = time.monotonic() - started
    finally:
        for pid in agents:
            os.kill(pid, signal.SIGCONT)
    assert took_s < 60, f"{took_s:.0f} s with a hanging agent"
    assert run.said, "nothing was said about the agent"


def test_stranger_on_the_agents_socket(machine, tiny, tiny_store, tiny_first):
    """Something else listens where the agent should: garbage answers are not believed."""
    m = machine("m", store=tiny_store)
    p = CacheProg(m, cwd=tiny)
    p.get(action_id("wake the agent"))
    p.end()
    sockets = [path for path in (m.runtime / "sluice").rglob("*") if path.is_socket()]
    assert sockets, "the agent has no socket"
    for pid in m.agents():
        os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not m.agents(), 5)
    servers = []
    for path in sockets:
        path.unlink(missing_ok=True)
        server = socket.socket(socket.AF_UNIX)
        # The path itself may be longer than an address of a socket.
        directory = os.open(path.parent, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{directory}/{path.name}")
        os.close(directory)
        path.chmod(0o600)
        server.listen(64)
        servers.append(server)

    def babble(server: socket.socket) -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return  # closed by the test
            with client, contextlib.suppress(OSError):
                client.sendall(os.urandom(4096))

    threads = [threading.Thread(target=babble, args=(server,), daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    try:
        build(m, tiny, tiny_first.native)
    finally:
        for server in servers:
            server.shutdown(socket.SHUT_RDWR)
            server.close()
    check_gocache(m.gocache)


def test_session_killed_fails_go_and_damages_nothing(machine, tiny, tmp_path, tiny_first):
    """Killing the process that go started fails go, as for any cache program; what is published
    stays whole.
    """
    m = machine("m", store=tmp_path / "store")
    process = m.popen(
        m.sluice,
        "go",
        "build",
        "-o",
        str(m.root / "out"),
        ".",
        cwd=tiny,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )

    assert wait_until(lambda: len(list(m.gocache.glob("??/*-a"))) > 20, 60, 0.005)
    for pid in m.sessions():
        os.kill(pid, signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0, "go survived the death of its cache program"
    assert "GOCACHEPROG" in err.decode() or "cacheprog" in err.decode(), err.decode()
    check_gocache(m.gocache, killed=True)
    build(m, tiny, tiny_first.native)


# --- the store is damaged ---


def flip(at: float):
    def damage(store: Path) -> None:
        for path in store.rglob("*"):
            if path.is_file() and path.stat().st_size:
                data = bytearray(path.read_bytes())
                data[min(int(len(data) * at), len(data) - 1)] ^= 0x41
                path.write_bytes(data)

    return damage


def cut(part: float):
    def damage(store: Path) -> None:
        for path in store.rglob("*"):
            if path.is_file():
                os.truncate(path, int(path.stat().st_size * part))

    return damage


def each(change):
    def damage(store: Path) -> None:
        for path in [p for p in store.rglob("*") if p.is_file()]:
            change(path)

    return damage


def replaced_by_file(store: Path) -> None:
    shutil.rmtree(store)
    store.write_text("not a directory\n")


def emptied(store: Path) -> None:
    shutil.rmtree(store)
    store.mkdir()


def files_become_directories(path: Path) -> None:
    path.unlink()
    path.mkdir()


def endless(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def huge(path: Path) -> None:
    os.truncate(path, 1 << 40)


def shuffled(store: Path) -> None:
    """Every file holds the bytes of another file: right format, wrong place."""
    paths = [p for p in sorted(store.rglob("*")) if p.is_file()]
    contents = [p.read_bytes() for p in paths]
    for path, content in zip(paths, contents[1:] + contents[:1]):
        path.write_bytes(content)


def later_version(path: Path) -> None:
    """Manifests, heads and packs name their format version in bytes 8 and 9."""
    data = bytearray(path.read_bytes())
    if data[:6] == b"SLUICE":
        data[8] = 7
        path.write_bytes(data)


# damage, and whether something has to be said
DAMAGE = {
    "gone": (shutil.rmtree, False),
    "emptied": (emptied, False),
    "a file": (replaced_by_file, True),
    "first byte": (flip(0), True),
    "tenth": (flip(0.1), True),
    "middle": (flip(0.5), True),
    "last byte": (flip(1), True),
    "cut to nothing": (cut(0), True),
    "cut in half": (cut(0.5), True),
    "cut by one byte in a hundred": (cut(0.99), True),
    "longer": (each(lambda p: p.write_bytes(p.read_bytes() + b"tail")), None),
    "directories": (each(files_become_directories), True),
    "pipes": (each(endless), True),
    "sparse terabytes": (each(huge), True),
    "shuffled": (shuffled, True),
    "later version": (each(later_version), True),
    "dangling links": (each(lambda p: (p.unlink(), p.symlink_to("/nonexistent/file"))), None),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_store(name, machine, library, library_store, library_first, tmp_path):
    damage, must_say = DAMAGE[name]
    native = library_first.archives
    healthy = tmp_path / "healthy"
    shutil.copytree(library_store, healthy)
    damage(library_store)
    m = machine("m", store=library_store)
    run = export(m, library, native)
    if must_say is not None:
        assert bool(run.said or run.summary["faults"]) == must_say, (run.said, run.summary)
        assert bool(run.said) == must_say, (run.said, run.summary)
    check_gocache(m.gocache)
    m.sluice_run("agent", "wait", cwd=library)
    m.stop()
    # What it made again is whole, for everybody who comes after.
    if library_store.is_dir():
        after = machine("after", store=library_store)
        export(after, library, native)
        after.stop()
    # The machine that met the damage is none the worse with a healthy store.
    if library_store.is_dir():
        shutil.rmtree(library_store)
    else:
        library_store.unlink(missing_ok=True)
    shutil.copytree(healthy, library_store)
    next_one = machine("next", store=library_store)
    assert compiled(export(next_one, library, native)) == []


@pytest.mark.parametrize("name", ["tenth", "cut in half", "shuffled", "pipes"])
def test_program_from_a_damaged_store(name, machine, tiny, tiny_store, tiny_first):
    damage, _ = DAMAGE[name]
    damage(tiny_store)
    m = machine("m", store=tiny_store)
    assert build(m, tiny, tiny_first.native).said
    check_gocache(m.gocache)


@pytest.mark.parametrize("name", ["gone", "tenth"])
def test_damaged_objects_are_uploaded_anew(name, machine, library, library_store, library_first):
    """The job that met damaged packs and blobs makes their contents again, and the store whole."""
    packs = [p for p in library_store.rglob("*") if p.is_file() and {"packs", "blobs"} & {*p.parts}]
    assert packs
    for path in packs:
        if name == "gone":
            path.unlink()
        else:
            flip(0.1)(path.parent)
    m = machine("m", store=library_store)
    run = export(m, library, library_first.archives, flags=("--drain=wait",))
    assert compiled(run) and run.said, run.describe()
    m.stop()
    after = export(machine("after", store=library_store), library, library_first.archives)
    assert compiled(after) == [] and after.said == [], after.describe()


def test_heads_of_a_later_version_are_left_alone(machine, library, library_store, library_first):
    """An old program does not throw away what a newer one keeps."""
    heads = [path for path in library_store.rglob("scopes/*/*") if path.is_file()]
    assert heads
    each(later_version)(library_store)
    before = {path: path.read_bytes() for path in heads}
    m = machine("m", store=library_store)
    run = export(m, library, library_first.archives, flags=("--drain=wait",))
    assert any("version" in line for line in run.said), run.stderr
    m.stop()
    assert {path: path.read_bytes() for path in heads} == before


def test_one_damaged_file_at_a_time(machine, library, library_store, library_first, tmp_path):
    """For each file of the store alone: flipped in the middle, then missing. Never a wrong
    binary.
    """
    healthy = tmp_path / "healthy"
    shutil.copytree(library_store, healthy)
    names = [p.relative_to(healthy) for p in sorted(healthy.rglob("*")) if p.is_file()]
    random.Random(1).shuffle(names)
    for name in names[:12]:
        for missing in (False, True):
            shutil.rmtree(library_store)
            shutil.copytree(healthy, library_store)
            path = library_store / name
            if missing:
                path.unlink()
            else:
                data = bytearray(path.read_bytes())
                data[len(data) // 2] ^= 1
                path.write_bytes(data)
            m = machine("m", store=library_store)
            export(m, library, library_first.archives)
            check_gocache(m.gocache)
            m.stop()


def test_store_vanishes_during_the_build(machine, filled_store, checkout, native):
    m = machine("m", store=filled_store)
    out = m.root / "out"
    process = m.popen(
        m.sluice,
        "go",
        "build",
        "-o",
        str(out),
        "./cmd/shop",
        cwd=checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert wait_until(lambda: list(m.gocache.glob("??/*-a")), 60, 0.002)
    filled_store.rename(filled_store.with_name("elsewhere"))
    _, err = process.communicate(timeout=K_BUILD_BOUND_S)
    assert process.returncode == 0, err.decode()
    assert sha256(out) == sha256(native.binary)
    check_gocache(m.gocache)


def test_read_only_store(machine, tiny, tiny_store, tiny_first, tmpfs, read_only):
    """A store that cannot be written still serves; that uploads fail is said once."""
    mount = tmpfs("200m")
    shutil.copytree(tiny_store, mount / "store")
    read_only(mount)
    m = machine("m", store=mount / "store")
    first = build(m, tiny, tiny_first.native, flags=("--drain=wait",))
    assert compiled(first) == []
    write_tiny(tiny, "new work")
    run = m.go("build", "-o", str(m.root / "new"), ".", cwd=tiny, flags=("--drain=wait",)).ok()
    once(run)
    assert len(first.said + run.said) == 1, first.describe() + run.describe()


def test_store_on_a_full_disk(machine, tiny, tiny_first, tmpfs):
    mount = tmpfs("1m")
    m = machine("m", store=mount / "store")
    run = build(m, tiny, tiny_first.native, flags=("--drain=wait",))
    assert run.said, "nothing was said about the full store"
    m.stop()
    # Whatever did fit is either whole or not there.
    other = machine("other", store=mount / "store")
    build(other, tiny, tiny_first.native)
    check_gocache(other.gocache)


# --- the local disk ---


def test_local_tier_on_a_full_disk(machine, tiny, tiny_first, tmpfs, tmp_path):
    mount = tmpfs("3m")
    m = machine("m", store=tmp_path / "store")
    m.env["GOCACHE"] = str(mount / "go-build")
    run = build(m, tiny, tiny_first.native)
    assert run.said, "nothing was said about the full disk"
    check_gocache(mount / "go-build")
    # With room again everything is as usual.
    subprocess.run(["mount", "-o", "remount,size=300m", str(mount)], check=True)
    m.stop()
    healthy = build(m, tiny, tiny_first.native)
    assert healthy.said == []
    check_gocache(mount / "go-build")


def test_full_local_disk_with_a_filled_store(machine, tiny, tiny_store, tiny_first, tmpfs):
    mount = tmpfs("3m")
    m = machine("m", store=tiny_store)
    m.env["GOCACHE"] = str(mount / "go-build")
    build(m, tiny, tiny_first.native)
    check_gocache(mount / "go-build")


def test_read_only_local_tier(machine, tiny, tiny_store, tiny_first, tmpfs, read_only):
    """A GOCACHE that was filled and then made read-only, as in a locked-down image."""
    mount = tmpfs("300m")
    m = machine("m", store=tiny_store)
    m.env["GOCACHE"] = str(mount / "go-build")
    build(m, tiny, tiny_first.native)
    m.stop()
    read_only(mount)
    write_tiny(tiny, "tiny one")
    run = build(m, tiny, tiny_first.native)
    assert compiled(run) == []
    write_tiny(tiny, "another text")
    plain = machine("plain")
    plain.plain_go("build", "-o", str(plain.root / "out"), ".", cwd=tiny).ok()
    run = build(m, tiny, plain.root / "out")
    assert "main" in compiled(run)


def test_everything_in_one_full_disk(machine, tiny, tiny_first, tmpfs):
    """The whole cache directory (local tier, index, default store) on one full disk."""
    mount = tmpfs("4m")
    m = machine("m")
    m.env["XDG_CACHE_HOME"] = str(mount)
    build(m, tiny, tiny_first.native, flags=("--drain=wait",))
    build(m, tiny, tiny_first.native, flags=("--drain=wait",))


# --- the runtime directory ---


def runtime_missing(m) -> None:
    m.env["XDG_RUNTIME_DIR"] = str(m.root / "does" / "not" / "exist")


def runtime_is_a_file(m) -> None:
    path = m.root / "runtime-file"
    path.write_text("")
    m.env["XDG_RUNTIME_DIR"] = str(path)


def runtime_in_proc(m) -> None:
    m.env["XDG_RUNTIME_DIR"] = "/proc/sys"


def runtime_open_to_all(m) -> None:
    (m.runtime / "sluice").mkdir()
    (m.runtime / "sluice").chmod(0o777)


def runtime_of_somebody_else(m) -> None:
    if os.geteuid() != 0:
        pytest.skip("giving a directory away needs root")
    (m.runtime / "sluice").mkdir(mode=0o700)
    os.chown(m.runtime / "sluice", 65534, 65534)


def runtime_is_a_link(m) -> None:
    elsewhere = m.root / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (m.runtime / "sluice").symlink_to(elsewhere)


def runtime_name_too_long(m) -> None:
    path = m.root / ("long" * 40)
    path.mkdir(mode=0o700)
    m.env["XDG_RUNTIME_DIR"] = str(path)


@pytest.mark.parametrize(
    "break_it",
    [
        runtime_missing,
        runtime_is_a_file,
        runtime_in_proc,
        runtime_open_to_all,
        runtime_of_somebody_else,
        runtime_is_a_link,
        runtime_name_too_long,
    ],
)
def test_runtime_directory(break_it, machine, library, library_store, library_first):
    m = machine("m", store=library_store)
    break_it(m)
    run = export(m, library, library_first.archives)
    assert run.summary["agent"] in ("ok", "absent")
    if break_it in (runtime_open_to_all, runtime_of_somebody_else):
        assert not list((m.runtime / "sluice").iterdir()), (
            "a directory that others can write was used for the socket"
        )
    if run.summary["agent"] == "absent":
        assert run.said, "nothing was said about the missing agent"


def test_no_store_can_be_made(machine, tiny, tiny_first):
    m = machine("m", store="file:///proc/no/such/store")
    run = build(m, tiny, tiny_first.native, flags=("--drain=wait",))
    assert run.said, run.stderr


def test_the_checkout_is_read_only(machine, checkout, filled_store, native, tmpfs, read_only):
    """go may build a checkout that cannot be written (a mounted volume); nothing of sluice's is put
    there.
    """
    mount = tmpfs("20m")
    source = mount / "shop"
    shutil.copytree(checkout, source)
    read_only(mount)
    m = machine("m", store=filled_store)
    m.go("build", "-o", str(m.root / "out"), "./cmd/shop", cwd=source).ok()
    plain = machine("plain")
    shutil.copytree(native.gocache, plain.gocache)
    plain.plain_go("build", "-o", str(plain.root / "out"), "./cmd/shop", cwd=source).ok()
    assert sha256(m.root / "out") == sha256(plain.root / "out")
