"""Machines, checkouts and runs for the integration tests.

A Machine is one computer as sluice sees it: a home, a cache directory and a runtime directory of
its own and an environment built from nothing. Several machines work on one checkout path, one after
the other, which is what a pipeline does. Everything here drives the built binary; nothing looks
into its code.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
SHOP = REPO / "examples" / "shop"

K_RUN_TIMEOUT_S = 300
K_AGENT_EXIT_TIMEOUT_S = 15
K_ANSWER_TIMEOUT_S = 40

SUMMARY_LINE = re.compile(
    r"^sluice: (\d+ lookups: \d+ local, \d+ remote, \d+ missed; .+ down, .+ up; waited [\d.]+ s"
    r"|\d+ restored, \d+ new; .+ down, .+ up)"
    r"(; \d+ links?: \d+ local, \d+ remote, \d+ made)?"
    r"(; \d+ modules? brought)?"
    r"(; \d+ test results? reused)?"
    r"(; verified \d+, \d+ differ)?( \(uploading .+ behind\))?$"
)


@dataclasses.dataclass
class Run:
    """What a finished command left behind."""

    args: list[str]
    code: int
    stdout: str
    stderr: str
    summary: dict | None
    wall_s: float

    @property
    def said(self) -> list[str]:
        """What sluice said on stderr besides the summary."""
        return [
            line
            for line in self.stderr.splitlines()
            if line.startswith("sluice: ") and not SUMMARY_LINE.match(line)
        ]

    @property
    def summary_lines(self) -> list[str]:
        return [line for line in self.stderr.splitlines() if SUMMARY_LINE.match(line)]

    @property
    def go_stderr(self) -> str:
        """Stderr without sluice's own lines."""
        return "".join(
            line
            for line in self.stderr.splitlines(keepends=True)
            if not line.startswith("sluice: ")
        )

    @property
    def hits(self) -> int:
        assert self.summary is not None, self
        return self.summary["hits_local"] + self.summary["hits_remote"]

    def ok(self) -> Run:
        assert self.code == 0, self.describe()
        return self

    def fails(self, code: int) -> Run:
        assert self.code == code, f"exit status {self.code}, want {code}\n{self.describe()}"
        return self

    def describe(self) -> str:
        tail = self.stderr if len(self.stderr) < 6000 else "...\n" + self.stderr[-6000:]
        words = " ".join(self.args)
        return f"{words}: exit {self.code}\nstdout:\n{self.stdout[-3000:]}\nstderr:\n{tail}"


def compiled(run: Run) -> list[str]:
    """The packages that a `go ... -x` really compiled (the words after -p of every compile
    command).
    """
    packages = []
    for line in run.stderr.splitlines():
        if re.search(r"/compile\b.* -o ", line) and " -V=full" not in line:
            found = re.search(r" -p (\S+)", line)
            packages.append(found.group(1) if found else line)
    return packages


def linked(run: Run) -> int:
    """How many links a `go ... -x` ran."""
    return sum(1 for line in run.stderr.splitlines() if re.search(r"/link\b.* -o ", line))


class Machine:
    """One computer: its directories, its environment, and the processes that sluice starts on
    it.
    """

    def __init__(self, root: Path, sluice: Path, store: Path | str | None, go_env: dict[str, str]):
        self.root = root
        self.sluice = sluice
        self.home = root / "home"
        self.cache = root / "cache"
        self.config = root / "config"
        self.runtime = root / "run"
        self.tmp = root / "tmp"
        for directory in (self.home, self.cache, self.config, self.tmp):
            directory.mkdir(parents=True)
        self.runtime.mkdir(mode=0o700)
        self.env = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.cache),
            "XDG_CONFIG_HOME": str(self.config),
            "XDG_RUNTIME_DIR": str(self.runtime),
            "TMPDIR": str(self.tmp),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **go_env,
        }
        if store is not None:
            self.env["SLUICE_STORE"] = store if isinstance(store, str) else store.as_uri()
        self._runs = 0
        self._started: list[subprocess.Popen] = []

    @property
    def gocache(self) -> Path:
        """The local tier of the trusted domain."""
        return self.cache / "go-build"

    def popen(
        self, *args: str, cwd: Path | None = None, env: dict | None = None, **options
    ) -> subprocess.Popen:
        environment = {**self.env, **{k: v for k, v in (env or {}).items() if v is not None}}
        for name, value in (env or {}).items():
            if value is None:
                environment.pop(name, None)
        # A process group of its own, so that it can be stopped with everything it started.
        process = subprocess.Popen(
            [str(a) for a in args],
            cwd=cwd or self.root,
            env=environment,
            start_new_session=True,
            **options,
        )
        self._started.append(process)
        return process

    def run(
        self,
        *args: str,
        cwd: Path | None = None,
        env: dict | None = None,
        stdin: str | None = None,
        timeout_s: float = K_RUN_TIMEOUT_S,
    ) -> Run:
        """Run any command on this machine to its end."""
        self._runs += 1
        summary_file = self.root / f"summary-{self._runs}.json"
        started = time.monotonic()
        process = self.popen(
            *args,
            cwd=cwd,
            env={"SLUICE_SUMMARY": str(summary_file), **(env or {})},
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            out, err = process.communicate(
                None if stdin is None else stdin.encode(), timeout=timeout_s
            )
        except BaseException as error:
            # With everything it started: a go left behind would hold the pipes.
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            raise AssertionError(
                f"{args} did not end within {timeout_s} s: {err.decode(errors='replace')[-4000:]}"
            )
        wall_s = time.monotonic() - started
        summary = json.loads(summary_file.read_text()) if summary_file.exists() else None
        text, errors = out.decode(errors="replace"), err.decode(errors="replace")
        return Run([str(a) for a in args], process.returncode, text, errors, summary, wall_s)

    def go(self, *args: str, flags: tuple[str, ...] = (), **options) -> Run:
        """Run `sluice go ARGS`; flags are sluice's own and stand before go's words."""
        return self.run(self.sluice, "go", *flags, *args, **options)

    def plain_go(self, *args: str, **options) -> Run:
        """Run go itself, with no sluice anywhere, on this machine's GOCACHE."""
        env = {"GOCACHE": str(self.gocache), "GOCACHEPROG": "", **options.pop("env", {})}
        return self.run("go", *args, env=env, **options)

    def sluice_run(self, *args: str, **options) -> Run:
        """Run a command of sluice other than go."""
        return self.run(self.sluice, *args, **options)

    def wait_uploads(self, **options) -> Run:
        return self.sluice_run("agent", "wait", **options).ok()

    def processes(self) -> list[int]:
        """The ids of all live processes of the sluice binary on this machine."""
        return [pid for pid in _pids() if _is_ours(pid, self.sluice, self.root)]

    def agents(self) -> list[int]:
        """The ids of this machine's agents."""
        return [pid for pid in self.processes() if words_of(pid)[1:3] == [b"agent", b"run"]]

    def sessions(self) -> list[int]:
        """The ids of this machine's cache programs."""
        return [pid for pid in self.processes() if words_of(pid)[1:2] == [b"cacheprog"]]

    def stop(self) -> None:
        """Stop what still runs here; an agent that ignores it is an error."""
        for process in self._started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._started.clear()
        if self.processes() and self.sluice.exists():
            self.run(self.sluice, "agent", "stop", timeout_s=30)
        for pid in self.processes():
            _kill(pid, signal.SIGTERM)
        left = wait_until(lambda: not self.processes(), K_AGENT_EXIT_TIMEOUT_S)
        stubborn = self.processes()
        for pid in stubborn:
            _kill(pid, signal.SIGKILL)
        # The child that go leaves behind for its telemetry would make removed directories again.
        wait_until(self._kill_the_rest, K_AGENT_EXIT_TIMEOUT_S)
        assert left, f"processes {stubborn} of {self.root} did not end"

    def _kill_the_rest(self) -> bool:
        rest = [pid for pid in _pids() if _has_environment(pid, self.root)]
        for pid in rest:
            _kill(pid, signal.SIGKILL)
        return not rest

    def forget_local(self) -> None:
        """Empty this machine's caches, as a new runner would be."""
        self.stop()
        shutil.rmtree(self.cache)
        self.cache.mkdir()


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def words_of(pid: int) -> list[bytes]:
    return _read(f"/proc/{pid}/cmdline").split(b"\0")


def _is_ours(pid: int, sluice: Path, root: Path) -> bool:
    try:
        executable = os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
    except OSError:
        return False
    return executable == str(sluice) and _has_environment(pid, root)


def _has_environment(pid: int, root: Path) -> bool:
    # Every process of a machine inherits one of its directories by name.
    return f"={root}/".encode() in _read(f"/proc/{pid}/environ")


def _kill(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def wait_until(condition, timeout_s: float, step_s: float = 0.02) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(step_s)
    return bool(condition())


def fresh_checkout(source: Path, target: Path) -> Path:
    """Put a copy of source at target the way `git clone` would: every file is new."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(source, target, copy_function=shutil.copyfile)
    # go does not index, and does not cache tests that read, files younger than two seconds.
    old = time.time() - 60
    for path in [target, *target.rglob("*")]:
        # Distinct on every call, like the times of a new clone.
        os.utime(path, (old, old))
    return target


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files_of(root: Path) -> dict[str, bytes]:
    """Every regular file below root with its SHA-256, by relative path."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).digest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def size_of(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


@dataclasses.dataclass
class Entry:
    """One record of a native GOCACHE directory."""

    action: str
    output: str
    size: int
    data: Path


def read_gocache(gocache: Path, killed: bool = False) -> list[Entry]:
    """Read every -a file strictly; anything malformed is an assertion. Where a writer was killed
    one may be cut short, which is a miss for go and for sluice.
    """
    entries = []
    for path in sorted(gocache.glob("??/*-a")):
        text = path.read_bytes()
        if killed and len(text) < 175:
            continue
        assert len(text) == 175, f"{path} has {len(text)} bytes"
        words = text.decode().split()
        assert words[0] == "v1" and text.endswith(b"\n"), text
        assert path.name == words[1] + "-a" and path.parent.name == words[1][:2], path
        assert re.fullmatch(rb"v1 [0-9a-f]{64} [0-9a-f]{64} [ \d]{20} [ \d]{20}\n", text), text
        entries.append(
            Entry(words[1], words[2], int(words[3]), gocache / words[2][:2] / f"{words[2]}-d")
        )
    return entries


def check_gocache(gocache: Path, killed: bool = False) -> list[Entry]:
    """Every entry's data is there and is what its name says; returns the entries."""
    entries = read_gocache(gocache, killed)
    for entry in entries:
        if entry.data.is_dir():
            inside = list(entry.data.iterdir())
            assert len(inside) == 1, f"{entry.data} holds {inside}"
            assert sha256(inside[0]) == entry.output, f"{inside[0]} is not what its name says"
            assert os.access(inside[0], os.X_OK), f"{inside[0]} cannot be executed"
            continue
        assert entry.data.is_file(), f"{entry.data} is missing"
        assert entry.data.stat().st_size == entry.size, f"{entry.data}: size"
    for path in gocache.glob("??/*-d"):
        if path.is_file():
            assert sha256(path) == path.name[:64], f"{path} is not what its name says"
    return entries


class CacheProg:
    """`sluice cacheprog`, spoken to over its pipes the way go does."""

    def __init__(self, machine: Machine, env: dict | None = None, cwd: Path | None = None):
        self.process = machine.popen(
            machine.sluice,
            "cacheprog",
            env=env,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._buffer = b""
        self.next_id = 1
        self.answers: dict[int, dict] = {}
        self.hello = self._read()

    def _read(self) -> dict:
        out = self.process.stdout.fileno()
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([out], [], [], K_ANSWER_TIMEOUT_S)
            if not ready:
                self.process.kill()
                raise TimeoutError(f"no answer within {K_ANSWER_TIMEOUT_S} s")
            data = os.read(out, 1 << 16)
            if not data:
                raise EOFError(self.process.stderr.read().decode(errors="replace"))
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        return json.loads(line)

    def send(self, command: str, body: bytes | None = None, **fields) -> int:
        """Write one request; returns its ID."""
        request = {"ID": self.next_id, "Command": command, **fields}
        if body:
            request["BodySize"] = len(body)
        text = json.dumps(request, separators=(",", ":")).encode() + b"\n\n"
        if body:
            text += b'"' + base64.b64encode(body) + b'"\n'
        self.process.stdin.write(text)
        self.process.stdin.flush()
        self.next_id += 1
        return self.next_id - 1

    def answer(self, number: int) -> dict:
        """The response to request `number`, in whatever order they come."""
        while number not in self.answers:
            response = self._read()
            assert response["ID"] not in self.answers, f"two answers to {response['ID']}"
            self.answers[response["ID"]] = response
        return self.answers[number]

    def get(self, action: bytes) -> dict:
        return self.answer(self.send("get", ActionID=b64(action)))

    def put(self, action: bytes, body: bytes) -> dict:
        return self.answer(
            self.send(
                "put", body, ActionID=b64(action), OutputID=b64(hashlib.sha256(body).digest())
            )
        )

    def close(self) -> dict:
        response = self.answer(self.send("close"))
        self.process.stdin.close()
        assert self._buffer + self.process.stdout.read() == b"", "bytes after the answer to close"
        return response

    def end(self) -> int:
        """Close stdin and wait for the process."""
        if not self.process.stdin.closed:
            self.process.stdin.close()
        self.process.stdout.read()
        self.process.stderr.read()
        code = self.process.wait(30)
        self.process.stdout.close()
        self.process.stderr.close()
        return code


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def action_id(name: str) -> bytes:
    return hashlib.sha256(b"test action " + name.encode()).digest()


def github(
    repository: str = "acme/shop",
    branch: str = "main",
    sha: str = "1" * 40,
    event: str = "push",
    pull_request: dict | None = None,
    event_path: Path | None = None,
) -> dict[str, str]:
    """The environment that a GitHub job has."""
    env = {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": event,
        "GITHUB_JOB": "build",
        "GITHUB_REF": f"refs/heads/{branch}",
        "GITHUB_REF_NAME": branch,
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_REPOSITORY": repository,
        "GITHUB_REPOSITORY_OWNER": repository.split("/")[0],
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_RUN_ID": "1000",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_SHA": sha,
        "GITHUB_WORKFLOW": "ci",
        "RUNNER_ENVIRONMENT": "github-hosted",
        "RUNNER_NAME": "runner",
    }
    payload: dict = {"repository": {"full_name": repository, "default_branch": "main"}}
    if pull_request is not None:
        number = pull_request.get("number", 7)
        env["GITHUB_REF"] = f"refs/pull/{number}/merge"
        env["GITHUB_REF_NAME"] = f"{number}/merge"
        env["GITHUB_HEAD_REF"] = branch
        env["GITHUB_BASE_REF"] = "main"
        head = pull_request.get("head", repository)
        payload |= {
            "number": number,
            "pull_request": {
                "number": number,
                "head": {
                    "ref": branch,
                    "sha": sha,
                    "repo": {"full_name": head, "fork": head != repository},
                },
                "base": {
                    "ref": "main",
                    "sha": "0" * 40,
                    "repo": {"full_name": repository, "fork": False},
                },
            },
        }
    if event_path is not None:
        event_path.write_text(json.dumps(payload))
        env["GITHUB_EVENT_PATH"] = str(event_path)
    return env


def normalised(text: str) -> str:
    """Go's output without the times that differ between any two runs."""
    text = re.sub(r"\b\d+\.\d+s\b", "N.NNs", text)
    text = re.sub(r"/go-build\d+/", "/go-buildN/", text)
    return re.sub(r"\(\d+\.\d+s\)", "(N.NNs)", text)
