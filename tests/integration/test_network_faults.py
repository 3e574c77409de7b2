"""What a bad network and a bad server do to a job: they cost it the cache and a moment, never the
build. The store is a real MinIO behind tests/wan.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import EXPORT, Park, exported, write_library
from servers import ENGINES
from sluice_harness import CacheProg, action_id
from wan import Wan, build_wan

# A dead store costs a job two seconds at most; the rest is go's own time on a busy machine.
K_DEAD_STORE_S = 2.0
K_GO_S = 4.0


@pytest.fixture(scope="session")
def wan_binary(session_root, go_env):
    return build_wan(session_root / "wan", {**go_env, "GOCACHE": str(session_root / "wan-cache")})


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
        one.env.update(env)
        return one

    return make


def check(run, library_first, said_max: int = 3) -> None:
    """The build is right and said what was wrong, briefly."""
    run.ok()
    assert exported(run) == library_first.archives
    assert len(run.said) <= said_max, run.stderr
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
@pytest.mark.parametrize("drain", ["wait", "detach"])
def test_a_store_that_is_dead_from_the_start(remote, path, library, library_first, fault, drain):
    # Everything is in the local tier: what the job takes longer than go is the store's doing.
    one = remote("one")
    one.go(*EXPORT, cwd=library).ok()
    one.wait_uploads(cwd=library)
    one.sluice_run("agent", "stop", cwd=library).ok()
    shutil.rmtree(one.cache / "sluice" / "index")
    (library / "p7" / "p7.go").open("a").write("\nvar More = 1\n")
    path.tell(fault)
    run = one.go(*EXPORT, cwd=library, env={"SLUICE_DRAIN": drain})
    run.ok()
    first = "example.com/library/p0"
    assert exported(run)[first] == library_first.archives[first]
    assert 1 <= len(run.said) <= 3, run.stderr
    assert run.wall_s < K_DEAD_STORE_S + K_GO_S, run.stderr
    again = one.go(*EXPORT, cwd=library, env={"SLUICE_DRAIN": drain}).ok()
    assert again.wall_s < K_DEAD_STORE_S + K_GO_S, again.stderr
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
        "status=301/100",
        "short=100",
        "short=20000",
    ],
)
def test_a_bad_path(remote, path, library, library_first, fault):
    path.tell(fault)
    run = remote("one").go(*EXPORT, cwd=library)
    check(run, library_first)
    is_fast_again(remote, path, library, library_first)


def test_what_was_made_while_the_store_was_out_is_uploaded_after_all(remote, path, library):
    known = remote("known").go(*EXPORT, cwd=library).ok()
    (library / "p0" / "p0.go").open("a").write("\nvar More = 1\n")
    one = remote("one")
    path.tell("down")
    one.go(*EXPORT, cwd=library, env={"SLUICE_DRAIN": "detach"}).ok()
    assert one.sluice_run("agent", "wait", cwd=library).code != 0
    path.tell("up")
    deadline = time.monotonic() + 60
    while one.sluice_run("agent", "wait", cwd=library).code != 0:
        assert time.monotonic() < deadline
        time.sleep(0.5)
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
