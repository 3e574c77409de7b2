"""`sluice cacheprog` spoken to by hand: the protocol as go 1.24 to 1.27 speak it."""

import base64
import hashlib
import json
import os
import subprocess
import time
from datetime import datetime
from pathlib import Path

import pytest
from sluice_harness import CacheProg, action_id, b64, check_gocache, wait_until


@pytest.fixture
def prog(machine, tmp_path):
    """A started `sluice cacheprog` on an empty machine with an empty store."""
    started: list[CacheProg] = []

    def start(name: str = "m", on=None, **options) -> CacheProg:
        on = on or machine(name, store=tmp_path / "store")
        program = CacheProg(on, **options)
        program.machine = on
        started.append(program)
        return program

    yield start
    for program in started:
        if program.process.poll() is None:
            program.end()


def test_first_message(prog):
    assert set(prog().hello["KnownCommands"]) == {"get", "put", "close"}
    assert prog().hello["ID"] == 0


def test_first_message_comes_soon(machine, tmp_path):
    """Before the agent is up, and without reading stdin. `make bench` measures how soon; here only
    that nobody waits.
    """
    m = machine(store=tmp_path / "store")
    times = []
    for _ in range(5):
        started = time.monotonic()
        program = CacheProg(m)
        times.append(time.monotonic() - started)
        program.end()
    assert min(times) < 0.25, times


def test_put_then_get(prog):
    p = prog()
    body = b"hello, cache\n"
    put = p.put(action_id("a"), body)
    assert "Err" not in put, put
    path = Path(put["DiskPath"])
    assert path.is_absolute() and path.suffix == "" and path.read_bytes() == body
    got = p.get(action_id("a"))
    assert got["DiskPath"] == put["DiskPath"]
    assert base64.b64decode(got["OutputID"]) == hashlib.sha256(body).digest()
    assert got["Size"] == len(body)
    assert not got.get("Miss")
    age_s = time.time() - datetime.fromisoformat(got["Time"]).timestamp()
    assert -5 < age_s < 60, got["Time"]
    assert p.get(action_id("b")) == {"ID": 3, "Miss": True}
    assert p.close() == {"ID": 4}
    assert p.end() == 0
    # The path outlives the process, as `go list -export` needs.
    assert path.read_bytes() == body


def test_time_is_stable_over_processes(prog):
    first = prog()
    first.put(action_id("a"), b"x")
    before = first.get(action_id("a"))["Time"]
    first.end()
    time.sleep(1.1)
    second = prog(on=first.machine)
    assert second.get(action_id("a"))["Time"] == before


def test_empty_body_has_no_line(prog):
    p = prog()
    put = p.answer(
        p.send("put", ActionID=b64(action_id("e")), OutputID=b64(hashlib.sha256(b"").digest()))
    )
    assert Path(put["DiskPath"]).read_bytes() == b""
    got = p.get(action_id("e"))
    assert (
        got.get("Size", 0) == 0
        and base64.b64decode(got["OutputID"]) == hashlib.sha256(b"").digest()
    )
    assert Path(got["DiskPath"]).stat().st_size == 0


def test_twenty_megabytes(prog):
    p = prog()
    body = os.urandom(20 << 20)
    put = p.put(action_id("big"), body)
    assert Path(put["DiskPath"]).read_bytes() == body
    assert p.get(action_id("big"))["Size"] == len(body)
    # No body is held whole in memory.
    peak_kb = int(_status(p.process.pid, "VmHWM").split()[0])
    assert peak_kb < 16 * 1024, f"the session used {peak_kb} kB for a body of 20 MiB"


def _status(pid: int, name: str) -> str:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return line.split(":", 1)[1].strip()
    raise KeyError(name)


@pytest.mark.parametrize(
    "size", [1, 2, 3, 4, 47, 48, 49, 4095, 4096, 4097, 65535, 65536, 65537, 100_003]
)
def test_bodies_of_every_length(prog, size):
    p = prog()
    body = bytes(i * 7 & 255 for i in range(size))
    assert Path(p.put(action_id(str(size)), body)["DiskPath"]).read_bytes() == body


def test_body_in_small_pieces(prog):
    """Pipe reads may end anywhere: in the JSON, between request and body, inside one base64
    group.
    """
    p = prog()
    body = b"piecemeal" * 11
    request = {
        "ID": 1,
        "Command": "put",
        "ActionID": b64(action_id("p")),
        "OutputID": b64(hashlib.sha256(body).digest()),
        "BodySize": len(body),
    }
    text = json.dumps(request).encode() + b"\n\n" + b'"' + base64.b64encode(body) + b'"\n'
    for at in range(0, len(text), 5):
        p.process.stdin.write(text[at : at + 5])
        p.process.stdin.flush()
        time.sleep(0.0005)
    assert Path(p.answer(1)["DiskPath"]).read_bytes() == body


def test_many_requests_before_any_answer_is_read(prog):
    """The reader never waits for a handler, and every ID is answered exactly once, in any order."""
    p = prog()
    # As many answers as surely fit into the pipe; go itself reads all the time.
    puts, gets = 80, 160
    for n in range(puts):
        body = f"body {n}".encode()
        output = b64(hashlib.sha256(body).digest())
        p.send("put", body, ActionID=b64(action_id(str(n))), OutputID=output)
    for n in range(gets):
        p.send("get", ActionID=b64(action_id(str(n))))
    for n in range(puts):
        assert "DiskPath" in p.answer(n + 1), n
    for n in range(gets):
        answer = p.answer(puts + n + 1)
        assert answer.get("Miss") or n < puts, (n, answer)
    again = {n: p.get(action_id(str(n))) for n in range(0, puts, 8)}
    assert all("DiskPath" in answer for answer in again.values()), again


def test_eof_is_like_close(prog, tiny):
    p = prog(cwd=tiny)
    body = os.urandom(5000)
    p.put(action_id("eof"), body)
    assert p.end() == 0
    p.machine.wait_uploads(cwd=tiny)
    p.machine.stop()
    other = prog("other", cwd=tiny)
    assert Path(other.get(action_id("eof"))["DiskPath"]).read_bytes() == body


def test_close_then_everything_reaches_the_store(prog, tiny):
    p = prog(cwd=tiny)
    bodies = {n: os.urandom(1 << (n + 4)) for n in range(16)}
    for n, body in bodies.items():
        p.put(action_id(f"n{n}"), body)
    p.close()
    p.end()
    p.machine.wait_uploads(cwd=tiny)
    p.machine.stop()
    other = prog("other", cwd=tiny)
    for n, body in bodies.items():
        answer = other.get(action_id(f"n{n}"))
        assert Path(answer["DiskPath"]).read_bytes() == body, n
        assert answer["Size"] == len(body)
    other.close()
    other.end()
    check_gocache(other.machine.gocache)


def test_stdout_closes_after_close(prog):
    """go waits for stdout to close, and CI for stderr: neither may be held by an agent."""
    p = prog()
    p.put(action_id("x"), b"x" * 1000)
    started = time.monotonic()
    p.close()
    assert p.process.stderr.read() is not None
    p.end()
    assert time.monotonic() - started < 5


def test_overwrite_with_another_output(prog):
    """An action may get a new output; later lookups see the new one, and the old file stays as it
    was.
    """
    p = prog()
    old = Path(p.put(action_id("o"), b"old")["DiskPath"])
    new = Path(p.put(action_id("o"), b"new")["DiskPath"])
    assert old != new and old.read_bytes() == b"old"
    assert p.get(action_id("o"))["DiskPath"] == str(new)


def test_files_are_never_rewritten_in_place(prog):
    """go maps index files into memory: putting the same bytes again keeps the file or replaces it
    whole.
    """
    p = prog()
    path = Path(p.put(action_id("m"), b"mapped")["DiskPath"])
    with path.open("rb") as held:
        inode = os.fstat(held.fileno()).st_ino
        p.put(action_id("m"), b"mapped")
        p.put(action_id("m2"), b"mapped")
        assert held.read() == b"mapped"
        assert os.fstat(held.fileno()).st_ino == inode
    assert path.read_bytes() == b"mapped"


def test_wrong_hash_is_not_published(prog):
    """A body that is not what its name says is never served, and the put does not fail the
    build.
    """
    p = prog()
    answer = p.answer(
        p.send(
            "put",
            b"real",
            ActionID=b64(action_id("w")),
            OutputID=b64(hashlib.sha256(b"other").digest()),
        )
    )
    got = p.get(action_id("w"))
    assert got.get("Miss") or Path(got["DiskPath"]).read_bytes() == b"other", (answer, got)
    p.close()
    p.end()
    check_gocache(p.machine.gocache)


@pytest.mark.parametrize(
    "garbage",
    [
        b"not json\n\n",
        b'{"ID":1,"Command":"get","ActionID":"AAAA"}\n\n',
        b'{"ID":1,"Command":"get"}\n\n',
        b'{"ID":1,"Command":"put","ActionID":"'
        + b64(bytes(32)).encode()
        + b'","OutputID":"AA==","BodySize":1}\n\n"AA=="\n',
        b'{"ID":1,"Command":"dance"}\n\n',
        b'{"ID":1,"Command":"put","ActionID":"'
        + b64(bytes(32)).encode()
        + b'","OutputID":"'
        + b64(bytes(32)).encode()
        + b'","BodySize":99999999999999999999}\n\n',
        b'{"ID":1,"Command":"put","ActionID":"'
        + b64(bytes(32)).encode()
        + b'","OutputID":"'
        + b64(bytes(32)).encode()
        + b'","BodySize":-1}\n\n',
        b'{"ID":1,"Command":"put","ActionID":"'
        + b64(bytes(32)).encode()
        + b'","OutputID":"'
        + b64(bytes(32)).encode()
        + b'","BodySize":3}\n\n"!!!!"\n',
        b"{" * 100_000 + b"\n\n",
        b"\x00\xff\xfe\n\n",
    ],
    ids=[
        "text",
        "short id",
        "no id",
        "short output",
        "unknown command",
        "huge size",
        "negative size",
        "bad base64",
        "deep",
        "binary",
    ],
)
def test_garbage_ends_cleanly(prog, garbage):
    """Garbage gets an error answer or a clean end with one line said: no crash, no hang, nothing
    stored.
    """
    p = prog()
    try:
        p.process.stdin.write(garbage)
        p.process.stdin.flush()
        p.process.stdin.close()
    except BrokenPipeError:
        pass
    out = p.process.stdout.read()
    errors = p.process.stderr.read().decode()
    code = p.process.wait(20)
    assert code >= 0, f"died by signal {-code}: {errors}"
    answers = [json.loads(line) for line in out.splitlines() if line]
    assert all(a.get("ID") == 1 for a in answers), answers
    assert not any(a.get("DiskPath") for a in answers), answers
    assert answers or code != 0, "neither an answer nor an exit status"
    if code != 0:
        assert errors.startswith("sluice: ") and errors.count("\n") == 1, errors
    check_gocache(p.machine.gocache)


def test_blank_lines_are_free(prog):
    p = prog()
    p.process.stdin.write(b"\n\n\n")
    assert p.get(action_id("blank")).get("Miss")


def test_corrupt_local_file_is_not_served(prog):
    """A -d file of another size than its entry says is a miss, not a hit."""
    p = prog()
    path = Path(p.put(action_id("c"), b"12345")["DiskPath"])
    p.end()
    path.chmod(0o644)
    path.write_bytes(b"123")
    machine = p.machine
    machine.stop()
    q = prog(on=machine, env={"SLUICE_NO_REMOTE": "1"})
    assert q.get(action_id("c")).get("Miss")


def test_a_damaged_entry_is_a_miss(prog):
    p = prog()
    p.put(action_id("d"), b"12345")
    p.end()
    name = action_id("d").hex()
    entry = p.machine.gocache / name[:2] / f"{name}-a"
    text = entry.read_bytes()
    for damage in (
        b"",
        text[:100],
        text + b"x",
        b"v2" + text[2:],
        text[:-1] + b" ",
        text.replace(b" ", b"\0"),
    ):
        entry.write_bytes(damage)
        q = prog(on=p.machine, env={"SLUICE_NO_REMOTE": "1"})
        assert q.get(action_id("d")).get("Miss"), damage
        q.end()


def test_hundred_sessions_at_once(machine, tmp_path):
    """golangci-lint and go generate start many: they all get an answer, from one agent."""
    m = machine(store=tmp_path / "store")
    programs = [CacheProg(m) for _ in range(100)]
    for n, p in enumerate(programs):
        p.send(
            "put",
            f"{n % 10}".encode() * 100,
            ActionID=b64(action_id(f"s{n}")),
            OutputID=b64(hashlib.sha256(f"{n % 10}".encode() * 100).digest()),
        )
    for p in programs:
        assert "DiskPath" in p.answer(1)
        assert p.get(action_id("nobody has this")).get("Miss")
    assert len(m.agents()) <= 1
    for p in programs:
        p.close()
        assert p.end() == 0
    check_gocache(m.gocache)


def test_no_descriptor_or_terminal_is_kept(machine, tmp_path):
    """The agent holds nothing of the job that started it: not its directory, not its pipes."""
    m = machine(store=tmp_path / "store")
    here = m.root / "here"
    here.mkdir()
    p = subprocess.Popen(
        [m.sluice, "cacheprog"],
        env=m.env,
        cwd=here,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    p.stdout.readline()
    p.stdin.write(
        b'{"ID":1,"Command":"get","ActionID":"' + b64(action_id("x")).encode() + b'"}\n\n'
    )
    p.stdin.flush()
    p.stdout.readline()
    p.communicate(timeout=20)
    assert wait_until(lambda: m.agents(), 5), "no agent was started"
    (agent,) = m.agents()
    assert os.readlink(f"/proc/{agent}/cwd") != str(here)
    targets = [os.readlink(f"/proc/{agent}/fd/{n}") for n in (0, 1, 2)]
    assert not any(t.startswith(("pipe:", "/dev/pts")) for t in targets), targets


def test_socket_is_private(machine, tmp_path):
    m = machine(store=tmp_path / "store")
    p = CacheProg(m)
    p.put(action_id("x"), b"x")
    assert wait_until(lambda: list((m.runtime / "sluice").rglob("*.sock*")) or m.agents(), 5)
    p.end()
    directory = m.runtime / "sluice"
    assert directory.stat().st_mode & 0o777 == 0o700
    sockets = [path for path in directory.rglob("*") if path.is_socket()]
    assert sockets and all(path.stat().st_mode & 0o777 == 0o600 for path in sockets), sockets
