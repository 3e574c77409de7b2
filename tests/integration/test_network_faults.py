"""What a bad network and a bad server do to a job: they cost it the cache and a moment, never the
build. The store is a real MinIO behind tests/wan.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import EXPORT, Park, exported, write_library
from servers import ENGINES
from sluice_harness import CacheProg, Run, action_id, check_gocache, wait_until
from wan import Wan, build_wan

# A dead store costs a job two seconds at most; the rest is go's own time on a busy machine.
K_DEAD_STORE_S = 2.0
K_GO_S = 4.0
K_COLD_S = 8.0  # where go compiles all of the library


@pytest.fixture(scope="session")
def wan_binary(session_root, go_env):
    return build_wan(session_root / "wan", go_env)


@pytest.fixture(scope="session")
def library_bucket(minio, library_first, session_root, sluice, go_env):
    """A bucket that the library's first machine filled; each test takes a copy."""
    park = Park(session_root / "bucket-machines", sluice, go_env)
    first = park("first")
    first.env.update(minio.env(SLUICE_STORE=f"s3://{minio.bucket('library')}/ci"))
    root = write_library(session_root / "work" / "library")
    first.go(*EXPORT, cwd=root).ok()
    first.wait_uploads(cwd=root)
    park.stop()
    assert any("/packs/" in key for key in minio.keys("library"))
    return "library"


@pytest.fixture
def path(wan_binary, minio):
    """The way to MinIO."""
    with Wan(wan_binary, f"127.0.0.1:{minio.port}", "-rtt", "2ms", "-http") as way:
        yield way


@pytest.fixture
def bucket(minio, library_bucket, request):
    """This test's own copy of the filled bucket."""
    words = "".join(c if c.isalnum() else "-" for c in request.node.name.lower())
    name = words.strip("-")[:50].strip("-")
    shutil.copytree(minio.data / library_bucket, minio.data / name)
    yield name
    shutil.rmtree(minio.data / name, ignore_errors=True)


@pytest.fixture
def mc(minio):
    """A function that reads an object of a bucket, or puts one there."""
    if not (ENGINES / "mc").exists():
        pytest.skip("no mc: tools/bootstrap.py test builds it")
    user = f"{minio.ACCESS_KEY}:{minio.SECRET_KEY}"
    env = {"HOME": str(minio.root), "MC_HOST_m": minio.url.replace("//", f"//{user}@")}

    def run(bucket: str, key: str, body: bytes | None = None) -> bytes:
        command = [ENGINES / "mc", "--quiet", "cat" if body is None else "pipe"]
        command.append(f"m/{bucket}/{key}")
        return subprocess.run(command, input=body, env=env, capture_output=True, check=True).stdout

    return run


@pytest.fixture
def remote(machine, minio, bucket, path):
    """A factory of machines whose store is the bucket at the end of the path."""

    def make(name: str, **env: str):
        one = machine(name)
        one.env.update(minio.env(SLUICE_STORE=f"s3://{bucket}/ci", AWS_ENDPOINT_URL=path.url))
        one.env["SLUICE_STORE_PATIENCE"] = f"{K_DEAD_STORE_S:g}s"
        one.env.update(env)
        return one

    return make


def check(run, library_first, said_max: int = 3) -> None:
    """The build is right and said what was wrong, briefly. That a store took nothing for
    two seconds may be this machine's doing.
    """
    run.ok()
    assert exported(run) == library_first.archives
    told = [line for line in run.said if "the store did not take all of it in time" not in line]
    assert len(told) <= said_max, run.stderr
    assert len(set(run.said)) == len(run.said), run.stderr


def is_fast_again(remote, path, library, library_first) -> None:
    path.tell("healthy")
    run = remote("later").go(*EXPORT, cwd=library)
    check(run, library_first, 0)
    assert run.hits >= 8, run.summary


def test_the_healthy_path(remote, path, library, library_first):
    run = remote("healthy").go(*EXPORT, cwd=library)
    check(run, library_first, 0)
    assert run.hits >= 8 and run.summary["bytes_down"] > 100_000, run.summary
    assert path.stats()["requests"] > 0


def test_the_first_hit_takes_three_rounds(machine, minio, mc, wan_binary, tiny):
    """Heads, a manifest that is too long to stand in its head, bytes; and the handshake before."""
    env = minio.env(SLUICE_STORE=f"s3://{minio.bucket('rounds')}/ci")
    first = machine("first")
    first.env.update(env)
    program = CacheProg(first, cwd=tiny)
    for number in range(1300):
        assert not program.put(action_id(f"{number}"), f"body {number}".encode()).get("Err")
    program.close()
    assert program.end() == 0
    first.wait_uploads(cwd=tiny)
    [manifest] = [key for key in minio.keys("rounds") if "/manifests/" in key]
    assert len(mc("rounds", manifest)) > 64 << 10

    def first_hit_s(rtt_ms: int, number: int) -> float:
        with Wan(wan_binary, f"127.0.0.1:{minio.port}", "-rtt", f"{rtt_ms}ms") as way:
            one = machine(f"one-{rtt_ms}-{number}")
            one.env.update(env, AWS_ENDPOINT_URL=way.url)
            started = time.monotonic()
            program = CacheProg(one, cwd=tiny)
            assert program.get(action_id("7"))["Size"] == len("body 7")
            took_s = time.monotonic() - started
            program.close()
            assert program.end() == 0
            one.stop()
        return took_s

    # The difference is the network's; what both take is this machine's.
    near, far = zip(*((first_hit_s(20, i), first_hit_s(320, i)) for i in range(4)), strict=True)
    assert (min(far) - min(near)) / 0.3 < 1 + 3 + 0.8, (near, far)


@pytest.mark.parametrize("fault", ["down", "silent", "stall=1", "trickle=1", "status=503/100"])
@pytest.mark.parametrize(
    ("mode", "drain"), [("cacheprog", "wait"), ("cacheprog", "detach"), ("restore", "detach")]
)
def test_a_store_that_is_dead_from_the_start(
    remote, path, library, library_first, fault, mode, drain
):
    # Everything is in the local tier: what the job takes longer than go is the store's doing.
    one = remote("one")
    one.go(*EXPORT, cwd=library).ok()
    one.wait_uploads(cwd=library)
    one.sluice_run("agent", "stop", cwd=library).ok()
    shutil.rmtree(one.cache / "sluice" / "index")
    (library / "p7" / "p7.go").open("a").write("\nvar More = 1\n")
    path.tell(fault)
    env = {"SLUICE_DRAIN": drain, "SLUICE_MODE": mode}
    run = one.go(*EXPORT, cwd=library, env=env)
    run.ok()
    first = "example.com/library/p0"
    assert exported(run)[first] == library_first.archives[first]
    assert 1 <= len(run.said) <= 3, run.stderr
    assert run.wall_s < K_DEAD_STORE_S + K_GO_S, run.stderr
    again = one.go(*EXPORT, cwd=library, env=env).ok()
    assert again.wall_s < K_DEAD_STORE_S + K_GO_S, again.stderr
    # A later step of the job has an agent of its own.
    one.sluice_run("agent", "stop", cwd=library)
    assert wait_until(lambda: not one.agents(), 20)
    shutil.rmtree(one.cache / "sluice" / "index", ignore_errors=True)
    (library / "p7" / "p7.go").open("a").write("\nvar Again = 1\n")
    later = one.go(*EXPORT, cwd=library, env=env).ok()
    assert later.wall_s < K_DEAD_STORE_S + K_GO_S, later.stderr
    if fault == "down":
        path.tell("up")
    one.stop()
    is_fast_again(remote, path, write_library(library), library_first)


@pytest.mark.parametrize("delay_s", [0.05, 0.3, 0.8])
@pytest.mark.parametrize("fault", ["down", "silent"])
def test_a_store_that_dies_in_the_middle(remote, path, library, library_first, fault, delay_s):
    def die():
        time.sleep(delay_s)
        path.tell(fault)

    dying = threading.Thread(target=die)
    dying.start()
    run = remote("one").go(*EXPORT, cwd=library)
    dying.join()
    check(run, library_first)
    assert run.wall_s < K_DEAD_STORE_S + K_COLD_S, run.stderr
    if fault == "down":
        path.tell("up")
    is_fast_again(remote, path, library, library_first)


@pytest.mark.parametrize(
    "fault",
    [
        "cut=3000",
        "cut=60000",
        "stall=3000",
        "stall=60000",
        "flip=20",
        "flip=3000",
        "flip=60000",
        "trickle=2000",
        "status=503/40",
        "status=500/100",
        "status=403/100",
        "status=404/100",
        "status=405/100",
        "status=301/100",
        "short=100",
        "short=20000",
    ],
)
def test_a_bad_path(remote, path, library, library_first, fault):
    path.tell(fault)
    run = remote("one").go(*EXPORT, cwd=library)
    check(run, library_first)
    assert run.wall_s < K_DEAD_STORE_S + K_COLD_S, run.stderr
    is_fast_again(remote, path, library, library_first)


def wait_for_uploads(one, library) -> None:
    """A store that took nothing for a while is asked again after a pause."""
    deadline = time.monotonic() + 90
    while one.sluice_run("agent", "wait", cwd=library).code != 0:
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_what_was_made_while_the_store_was_out_is_uploaded_after_all(remote, path, library):
    known = remote("known").go(*EXPORT, cwd=library).ok()
    (library / "p0" / "p0.go").open("a").write("\nvar More = 1\n")
    one = remote("one")
    path.tell("down")
    one.go(*EXPORT, cwd=library, env={"SLUICE_DRAIN": "detach"}).ok()
    assert one.sluice_run("agent", "wait", cwd=library).code != 0
    path.tell("up")
    wait_for_uploads(one, library)
    later = remote("later").go(*EXPORT, cwd=library).ok()
    assert later.said == []
    assert later.hits >= known.hits, (later.summary, known.summary)


# A zstd frame of nothing but repeated bytes: every four of its bytes decode to 128 KiB.
BOMB = bytes.fromhex("28b52ffd0058") + b"\x02\x00\x10a" * 250_000
LIES = {
    "ranges": lambda body, other: body[1:] + body[:1],
    "content": lambda body, other: other[: len(body)].ljust(len(body), b"x"),
    "size": lambda body, other: body[: len(body) // 2],
    "empty": lambda body, other: b"",
    # Behind the pack's header, where its first blob is read.
    "bomb": lambda body, other: body[:16] + BOMB[: len(body) - 16],
}


@pytest.mark.parametrize("kind", ["packs", "scopes"])
@pytest.mark.parametrize("lie", sorted(LIES))
def test_objects_that_lie(remote, minio, mc, bucket, path, library, library_first, kind, lie):
    """Every pack, or every head, is replaced by something else under its name."""
    keys = [key for key in minio.keys(bucket) if f"/{kind}/" in key]
    bodies = [mc(bucket, key) for key in keys]
    others = bodies[1:] + [bodies[0][::-1]]
    for key, body, other in zip(keys, bodies, others, strict=True):
        mc(bucket, key, LIES[lie](body, other))
    one = remote("one")
    run = one.go(*EXPORT, cwd=library)
    check(run, library_first)
    if kind == "packs":  # what large outputs lie alone is still there, and so is half a pack
        assert run.said, run.stderr
    else:
        assert run.hits == 0, run.summary
    one.wait_uploads(cwd=library)
    # It was said once and made good.
    is_fast_again(remote, path, library, library_first)


def test_a_bucket_that_is_not_there(remote, path, library, library_first):
    one = remote("one", SLUICE_STORE="s3://no-such-bucket/ci")
    run = one.go(*EXPORT, cwd=library)
    check(run, library_first)
    assert any("no-such-bucket" in line for line in run.said), run.stderr


# --- faults of this machine, with the store far away ---


def popen_export(one, library):
    return one.popen(
        one.sluice, "go", *EXPORT, cwd=library, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def kill_agents(one) -> None:
    pids = one.agents()
    assert pids, "there is no agent to kill"
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def check_popen(process, library_first) -> None:
    out, err = process.communicate(timeout=120)
    text = err.decode()
    run = Run(["go", "list"], process.returncode, out.decode(), text, None, 0)
    check(run, library_first)


@pytest.mark.parametrize("delay_s", [0, 0.05, 0.15, 0.4])
def test_an_agent_killed_while_it_brings(remote, path, library, library_first, delay_s):
    one = remote("one")
    process = popen_export(one, library)
    assert wait_until(lambda: one.agents() or process.poll() is not None, 20, 0.002)
    time.sleep(delay_s)
    kill_agents(one)
    check_popen(process, library_first)
    check_gocache(one.gocache, killed=True)
    healthy = one.go(*EXPORT, cwd=library)
    check(healthy, library_first, 0)
    is_fast_again(remote, path, library, library_first)


@pytest.mark.parametrize("delay_s", [0, 0.1, 0.3])
def test_an_agent_killed_while_it_uploads(
    remote, minio, path, library, library_first, delay_s
):
    """Whatever reached the bucket serves the next one; the rest is made and uploaded again."""
    empty = f"s3://{minio.bucket(f'killed-{int(delay_s * 10)}')}/ci"
    one = remote("one", SLUICE_STORE=empty)
    one.go(*EXPORT, cwd=library, env={"SLUICE_DRAIN": "detach"}).ok()
    time.sleep(delay_s)
    kill_agents(one)
    second = remote("second", SLUICE_STORE=empty)
    check(second.go(*EXPORT, cwd=library), library_first, 0)
    second.wait_uploads(cwd=library)
    third = remote("third", SLUICE_STORE=empty).go(*EXPORT, cwd=library)
    check(third, library_first, 0)
    assert third.hits >= 8, third.summary


def test_agents_that_race_for_one_scope(remote, minio, path, tiny):
    """Four machines publish into the same scope at once: nobody's results are lost."""
    empty = f"s3://{minio.bucket('race')}/ci"
    each = 60
    machines = [remote(f"m{number}", SLUICE_STORE=empty) for number in range(4)]
    programs = [CacheProg(one, cwd=tiny) for one in machines]
    for number, program in enumerate(programs):
        for i in range(each):
            name = f"{number}/{i}"
            assert not program.put(action_id(name), f"body {name}".encode()).get("Err")

    def finish(one, program) -> None:
        program.close()
        assert program.end() == 0
        one.wait_uploads(cwd=tiny)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(finish, machines, programs))
    reader = CacheProg(remote("reader", SLUICE_STORE=empty), cwd=tiny)
    for number in range(4):
        for i in range(each):
            assert not reader.get(action_id(f"{number}/{i}")).get("Miss"), (number, i)
    reader.close()
    assert reader.end() == 0


@pytest.mark.parametrize("kind", ["full", "read-only"])
def test_a_local_disk_that_takes_nothing(
    remote, path, library, library_first, tmpfs, read_only, kind
):
    mount = tmpfs("1m")
    for number in range(256):  # go itself wants them, whoever keeps its cache
        (mount / "go-build" / f"{number:02x}").mkdir(parents=True)
    if kind == "read-only":
        read_only(mount)
    one = remote("one", GOCACHE=str(mount / "go-build"))
    run = one.go(*EXPORT, cwd=library)
    check(run, library_first)
    assert run.said, run.stderr
    assert kind == "read-only" or run.hits > 0, run.summary
    is_fast_again(remote, path, library, library_first)


def test_a_server_on_a_full_disk(machine, own_minio, tmpfs, library, library_first):
    mount = tmpfs("100m")
    server = own_minio(mount)
    env = server.env(SLUICE_STORE=f"s3://{server.bucket('full')}/ci")
    (mount / "rest").write_bytes(bytes(99 << 20))
    one, two = machine("one"), machine("two")
    for each in (one, two):
        each.env.update(env)
    first = one.go(*EXPORT, cwd=library, flags=("--drain=wait",))
    check(first, library_first)
    assert first.said, first.stderr
    check(two.go(*EXPORT, cwd=library), library_first)
    two.stop()
    (mount / "rest").unlink()
    wait_for_uploads(one, library)
    later = machine("later")
    later.env.update(env)
    run = later.go(*EXPORT, cwd=library)
    check(run, library_first, 0)
    assert run.hits >= 8, run.summary


@pytest.mark.parametrize("years", [-30, 5])
def test_a_clock_that_jumped(remote, path, library, library_first, years):
    """Every file that sluice and go left here was written by a clock that was wrong."""
    one = remote("one")
    check(one.go(*EXPORT, cwd=library), library_first, 0)
    one.stop()
    then = time.time() + years * 365 * 86400
    for left in [*one.cache.rglob("*"), *one.runtime.rglob("*")]:
        os.utime(left, (then, then), follow_symlinks=False)
    run = one.go(*EXPORT, cwd=library)
    check(run, library_first, 0)
    assert run.hits >= 8, run.summary
    one.stop()  # a living agent takes what it brought for there
    one.sluice_run("gc", "--max-age", "30d", cwd=library).ok()
    again = one.go(*EXPORT, cwd=library)
    check(again, library_first, 0)
    assert again.hits >= 8, again.summary


def test_eight_commands_at_once_on_a_path_that_breaks(remote, path, library, library_first):
    one = remote("one")
    with ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(one.go, *EXPORT, cwd=library) for _ in range(8)]
        time.sleep(0.3)
        path.tell("down")
        for run in runs:
            check(run.result(), library_first)
    path.tell("up")
    one.stop()
    is_fast_again(remote, path, library, library_first)
