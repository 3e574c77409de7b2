"""Signals, exit statuses and outputs: a command under sluice ends as it ends alone, and who waits
for it sees the same.
"""

import json
import os
import signal
import stat
import subprocess
import time

import pytest
from sluice_harness import compiled, normalised, wait_until


def script(path, text: str):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


INTERRUPTED_TEST = """package part

import (
\t"fmt"
\t"os"
\t"os/signal"
\t"syscall"
\t"testing"
\t"time"
)

func TestInterrupt(t *testing.T) {
\tsignals := make(chan os.Signal, 1)
\tsignal.Notify(signals, os.Interrupt, syscall.SIGQUIT)
\tif err := os.WriteFile(os.Getenv("READY"), nil, 0o600); err != nil {
\t\tt.Fatal(err)
\t}
\tselect {
\tcase got := <-signals:
\t\tfmt.Println("handled", got)
\t\ttime.Sleep(time.Second) // So that go has noticed the signal before this test's end.
\tcase <-time.After(time.Minute):
\t\tt.Fatal("no signal came")
\t}
}
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT], ids=["INT", "QUIT"])
def test_the_terminals_signal_during_go_test(number, machine, tiny_store, tiny):
    """Ctrl-C reaches the whole process group, the cache program too: it must outlive go."""
    (tiny / "part" / "part_test.go").write_text(INTERRUPTED_TEST)
    m = machine("m", store=tiny_store)
    words = ("test", "-v", "-count=1", "./part")

    def ended(*command, env=None):
        ready = m.root / "ready"
        ready.unlink(missing_ok=True)
        process = m.popen(
            *command,
            cwd=tiny,
            env={"READY": str(ready), "SLUICE_QUIET": "1", **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert wait_until(ready.exists, 240), "the test did not start"
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=60)
        # Whether go still says FAIL after an interrupt is a race within go.
        said = normalised(out.decode()).removesuffix("FAIL\n")
        return process.returncode, said, normalised(err.decode())

    ours = ended(m.sluice, "go", *words)
    own = ended("go", *words, env={"GOCACHE": str(m.gocache)})
    assert "handled" in own[1], own
    assert ours == own


def test_a_session_that_ends_after_its_go_is_counted(machine, tiny):
    """go list ends without a word to its cache program, which reports behind it."""
    m = machine("m")
    os.mkfifo(m.root / "in")
    get = json.dumps({"ID": 1, "Command": "get", "ActionID": "A" * 43 + "="})
    script = (
        f'"{m.sluice}" cacheprog <in >out 2>err & exec 3>in; echo \'{get}\' >&3;'
        " until test -s out; do sleep 0.01; done;"  # as go waits for its first word
        " (sleep 0.7) & exit 0"  # which keeps the pipe open
    )
    run = m.sluice_run("run", "--", "sh", "-c", script, cwd=m.root)
    assert run.ok().summary["lookups"] == 1, run.describe()


def test_an_interrupted_command_does_not_wait_for_uploads(machine, web_store, tiny, tmp_path):
    """Also where the command itself makes an ordinary end of it."""
    held = tmp_path / "held"
    held.touch()
    store = web_store("--held-while", str(held)).url
    catcher = "trap 'exit 3' INT; echo ready; sleep 30 & wait"
    flags = ("--drain=wait", "--drain-timeout=100s")

    def summary_of(interrupt: bool) -> dict:
        # Each with an agent of its own: that of the first may have given the silent store up.
        m = machine("interrupted" if interrupt else "not", store=store)
        process = m.popen(
            m.sluice,
            "run",
            *flags,
            "--",
            "sh",
            "-c",
            f"go build ./part && {catcher if interrupt else 'echo ready; exit 3'}",
            cwd=tiny,
            env={"SLUICE_SUMMARY": str(m.root / "summary.json")},
            stdout=subprocess.PIPE,
        )
        assert process.stdout.readline() == b"ready\n"
        if interrupt:
            process.send_signal(signal.SIGINT)
        assert process.wait(60) == 3
        return json.loads((m.root / "summary.json").read_text())

    (tiny / "part" / "part.go").write_text('package part\n\nconst Text = "interrupted"\n')
    assert summary_of(True)["drained"] is False
    held.unlink()
    (tiny / "part" / "part.go").write_text('package part\n\nconst Text = "not"\n')
    assert summary_of(False)["drained"] is True


def test_started_with_sigchld_ignored(machine, tiny_store, tiny):
    m = machine("m", store=tiny_store)
    text = (
        "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN);"
        " os.execv(sys.argv[1], sys.argv[1:])"
    )
    run = m.run("python3", "-c", text, m.sluice, "run", "--quiet", "--", "sh", "-c", "exit 5")
    assert (run.code, run.stderr) == (5, "")


def test_a_go_that_starts_sluice(machine, tiny):
    """A wrapper named go in PATH, with and without an answer of its own to `go env`."""
    m = machine()
    real = m.run("sh", "-c", "command -v go").ok().stdout.strip()
    go = script(m.root / "bin" / "go", f'#!/bin/sh\nexec "{m.sluice}" go "$@"\n')
    env = {"PATH": f"{go.parent}:{m.env['PATH']}", "SLUICE_SUMMARY": None}
    for words in (("version",), ("build", "./part"), ("env", "GOVERSION", "GOROOT")):
        run = m.go(*words, cwd=tiny, env=env, timeout_s=60)
        assert run.code == 127, run.describe()
        assert run.stderr.count("\n") == 1 and "script that starts sluice" in run.stderr, run.stderr
        assert "real go first in PATH" in run.stderr
    script(
        go,
        f'#!/bin/sh\n[ "$1" = env ] && exec "{real}" "$@"\nexec "{m.sluice}" go "$@"\n',
    )
    run = m.go("build", "./part", cwd=tiny, env=env, timeout_s=120)
    assert run.code == 127 and run.stderr.count("script that starts sluice") == 1, run.describe()


def test_a_go_that_starts_the_real_go(machine, tiny_store, tiny):
    m = machine("m", store=tiny_store)
    real = m.run("sh", "-c", "command -v go").ok().stdout.strip()
    go = script(m.root / "bin" / "go", f'#!/bin/sh\nexec "{real}" "$@"\n')
    env = {"PATH": f"{go.parent}:{m.env['PATH']}"}
    run = m.go("build", "-x", "-o", str(m.root / "out"), ".", cwd=tiny, env=env).ok()
    assert compiled(run) == [] and run.said == []
    # A sluice inside a go inside a sluice is no loop.
    words = ("run", "--", "go", "run", "-exec", f"{m.sluice} run --quiet -- ", ".")
    m.sluice_run(*words, cwd=tiny, env=env).ok()


def test_what_cannot_be_started(machine, tiny):
    m = machine()
    env = {"SLUICE_SUMMARY": None}
    plain = m.root / "plain"
    plain.write_text("echo from a plain script $1\n")
    denied = m.sluice_run("run", "--", plain, cwd=tiny, env=env)
    assert denied.code == 126 and denied.stderr.count("\n") == 1, denied.describe()
    in_path = m.sluice_run("run", "--", "plain", cwd=tiny, env={**env, "PATH": str(m.root)})
    assert in_path.code == 126, in_path.describe()
    directory = m.sluice_run("run", "--", tiny, cwd=tiny, env=env)
    assert directory.code == 126, directory.describe()
    missing = m.sluice_run("run", "--", m.root / "none", cwd=tiny, env=env)
    assert missing.code == 127 and missing.stderr.count("\n") == 1, missing.describe()
    plain.chmod(0o755)
    for off in ("on", "off"):
        run = m.sluice_run("run", "--quiet", "--", plain, "word", env={"SLUICE": off}).ok()
        assert run.stdout == "from a plain script word\n"


def test_output_that_cannot_be_written(machine):
    m = machine()
    for words in (("env",), ("help",), ("man", "go"), ("completion", "bash"), ("env", "--json")):
        with open("/dev/full", "wb") as full:
            process = m.popen(m.sluice, *words, stdout=full, stderr=subprocess.PIPE)
            _, err = process.communicate(timeout=30)
        assert process.returncode == 1, words
        assert err.startswith(b"sluice: standard output: ") and err.count(b"\n") == 1, err
    # A reader that left is nothing to talk about.
    reader, writer = os.pipe()
    os.close(reader)
    process = m.popen(m.sluice, "help", stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    _, err = process.communicate(timeout=30)
    assert err == b""


def test_summary_goes_where_it_is_told(machine, tiny_store, tiny):
    """A device, a pipe and a descriptor are written to; only a file is replaced."""
    m = machine("m", store=tiny_store)
    command = (m.sluice, "run", "--quiet", "--", "go", "build", "./part")

    def said_on_stderr(target) -> bytes:
        process = m.popen(
            *command, cwd=tiny, env={"SLUICE_SUMMARY": str(target)}, stderr=subprocess.PIPE
        )
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        return err

    assert json.loads(said_on_stderr("/dev/stderr"))["lookups"] > 0
    assert json.loads(said_on_stderr("/dev/fd/2"))["agent"] == "ok"
    assert said_on_stderr("/dev/null") == b""
    pipe = m.root / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert said_on_stderr(pipe) == b""
    assert json.loads(os.read(reader, 1 << 16))["agent"] == "ok"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    started = time.monotonic()
    assert b"SLUICE_SUMMARY" in said_on_stderr(pipe) and time.monotonic() - started < 60
    target, link = m.root / "target", m.root / "link"
    target.write_text("an older and longer text, " * 100)
    link.symlink_to(target)
    assert said_on_stderr(link) == b""
    assert link.is_symlink() and json.loads(target.read_text())["agent"] == "ok"
