"""Jobs beside one another on one host: what each has for itself, what they share and leave."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from conftest import write_tiny
from sluice_harness import compiled, github

PART = "example.com/tiny/part"


@pytest.fixture
def host(machine):
    """One machine without a store: what jobs see of each other goes through the local tier."""
    return machine("host")


def environment(host, **more: str) -> dict[str, str]:
    return {**os.environ, **host.env, "SLUICE_NO_REMOTE": "1", **more}


def job(host, root: Path, *words: str, **more: str) -> subprocess.CompletedProcess:
    command = [str(host.sluice), "job", "--isolated", "--", *words]
    return subprocess.run(
        command, cwd=root, env=environment(host, **more), capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip


def jobs_of(host) -> list[Path]:
    directory = Path(host.env["XDG_CACHE_HOME"]) / "sluice" / "jobs"
    return sorted(directory.iterdir()) if directory.exists() else []


def runtime_of(host) -> list[str]:
    directory = Path(host.env["XDG_RUNTIME_DIR"]) / "sluice"
    return sorted(path.name for path in directory.glob("job-*"))


def start(host, root: Path, script: str) -> subprocess.Popen:
    command = [str(host.sluice), "job", "--isolated", "--", "sh", "-ec", script]
    return subprocess.Popen(
        command, cwd=root, env=environment(host), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for(path: Path, bound_s: float = 120) -> None:
    end = time.monotonic() + bound_s
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not come"
        time.sleep(0.05)


def test_what_one_has_not_finished_no_other_sees(host, tiny, tmp_path):
    first = start(host, tiny, f"go build -x ./part; touch {tmp_path}/built; read line")
    wait_for(tmp_path / "built")
    second = job(host, tiny, "go", "build", "-x", "./part")
    assert second.returncode == 0, second.stderr
    assert "-p example.com/tiny/part" in second.stderr
    output, errors = first.communicate("go on\n")
    assert first.returncode == 0, errors
    third = job(host, tiny, "go", "build", "-x", "./part")
    assert third.returncode == 0, third.stderr
    assert "-p example.com/tiny/part" not in third.stderr
    assert jobs_of(host) == [] and runtime_of(host) == []
    # What they made is there for who is not isolated, too.
    assert compiled(host.go("build", "-x", "./part", cwd=tiny, env={"SLUICE_NO_REMOTE": "1"})) == []


def test_what_one_deletes_others_keep(host, tiny, tmp_path):
    assert job(host, tiny, "go", "build", "./part").returncode == 0
    script = f"go build ./part; touch {tmp_path}/built; read line; go build -x ./part"
    first = start(host, tiny, script)
    wait_for(tmp_path / "built")
    assert job(host, tiny, "go", "clean", "-cache").returncode == 0
    # Even who removes what all share takes nothing from one that runs.
    shutil.rmtree(Path(host.env["XDG_CACHE_HOME"]) / "go-build")
    _, errors = first.communicate("go on\n")
    assert first.returncode == 0, errors
    assert "-p example.com/tiny/part" not in errors


def test_each_has_its_own_places_and_one_module_cache(host, tiny):
    script = (
        'echo "$TMPDIR|$(go env GOBIN)|$(go env GOCACHE)|$(go env GOMODCACHE)"; '
        "go install . ; tiny; touch $TMPDIR/forgotten"
    )
    done = [job(host, tiny, "sh", "-ec", script) for _ in range(2)]
    for one in done:
        assert one.returncode == 0, one.stderr
        assert "job: left in TMPDIR, removed now: 1 file, 0 B (forgotten)" in one.stderr
        assert "tiny one" in one.stdout + one.stderr
    first, second = (one.stdout.splitlines()[0].split("|") for one in done)
    assert all(a != b for a, b in zip(first[:3], second[:3]))
    assert first[3] == second[3] == host.env["GOMODCACHE"]
    assert jobs_of(host) == []


def test_leaks_are_named_and_ended(host, tiny):
    script = (
        "python3 -um http.server --bind 127.0.0.1 0 >http.log 2>&1 & echo $!; "
        "until grep -q Serving http.log; do sleep 0.1; done"
    )
    done = job(host, tiny, "sh", "-c", script)
    pid = int(done.stdout.split()[0])
    assert done.returncode == 0
    lines = [line for line in done.stderr.splitlines() if "left running" in line]
    assert len(lines) == 1, done.stderr
    [line] = lines
    assert f"process {pid} (" in line and "python3 -um http.server --bind" in line
    assert "listening on 127.0.0.1:" in line
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text()


def test_leaks_of_a_job_that_is_not_isolated(host, tiny):
    command = [str(host.sluice), "job", "--", "sh", "-c", "sleep 4720 & exit 3"]
    done = subprocess.run(
        command, cwd=tiny, env=environment(host), capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "left running, ended now: process" in done.stderr and "sleep 4720" in done.stderr


def test_what_ignores_tmpdir_is_named(host, tiny):
    left = Path(f"/dev/shm/+sluice-test-{os.getpid()}")  # the first of what may be new there
    try:
        done = job(host, tiny, "touch", str(left))
    finally:
        left.unlink()
    [line] = [line for line in done.stderr.splitlines() if "shared directories" in line]
    assert f"left there: {left}" in line


def test_a_killed_job_is_swept_by_the_next(host, tiny, tmp_path):
    first = start(host, tiny, f"echo $$ > {tmp_path}/pid; touch {tmp_path}/there; exec sleep 4721")
    wait_for(tmp_path / "there")
    os.kill(first.pid, signal.SIGKILL)
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    first.communicate(timeout=60)
    assert len(jobs_of(host)) == 1
    assert job(host, tiny, "true").returncode == 0
    assert jobs_of(host) == []


def test_another_trust_domain_has_another_tier(host, tiny, tmp_path):
    fork = github(
        branch="feature", sha="f" * 40, event="pull_request",
        pull_request={"head": "stranger/shop"}, event_path=tmp_path / "event.json",
    )  # fmt: skip
    assert job(host, tiny, "go", "build", "./part").returncode == 0
    write_tiny(tiny, "forked")
    done = job(host, tiny, "go", "build", "-x", "./part", **fork)
    assert done.returncode == 0 and f"-p {PART}" in done.stderr
    trusted = job(host, tiny, "go", "build", "-x", "./part")
    assert f"-p {PART}" in trusted.stderr
    again = job(host, tiny, "go", "build", "-x", "./part", **fork)
    assert f"-p {PART}" not in again.stderr


def test_status_signal_and_nesting(host, tiny):
    assert job(host, tiny, "sh", "-c", "exit 7").returncode == 7
    assert job(host, tiny, "nosuchcommand").returncode == 127
    assert job(host, tiny, "sh", "-c", "kill -TERM $$").returncode in (-signal.SIGTERM, 143)
    inner = job(host, tiny, str(host.sluice), "job", "--isolated", "--", "true")
    assert inner.returncode == 2
    assert "inside of an isolated job already" in inner.stderr
    assert jobs_of(host) == []
