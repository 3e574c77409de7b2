"""`sluice trace`: real traces of every Go, whose overlap is known or counted a second time here."""

import json
import os
import re
import resource
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import OLD_TOOLCHAIN, TOOLCHAINS, by_toolchain
from sluice_harness import REPO, wait_until

INVALIDATE = REPO / "examples" / "invalidate"
KINDS = {
    "mark": r"GC concurrent mark phase",
    "stop_the_world": r"stop-the-world \(GC.*",
    "mark_assist": r"GC mark assist",
    "sweep": r"GC incremental sweep",
}
OWN = ("mark_assist", "sweep")  # counts for regions of the goroutine that does it
K_TEXT_BYTES = 200 << 20
K_MEMORY_MAX = 160 << 20


@pytest.fixture(scope="module")
def gocache() -> dict[str, str]:
    """go's own cache: these tests are of traces, not of builds."""
    out = subprocess.run(["go", "env", "GOCACHE"], capture_output=True, text=True, check=True)
    return {"GOCACHE": out.stdout.strip()}


@pytest.fixture(scope="module")
def traces(tmp_path_factory, toolchain, go_env, gocache):
    """A function: the trace that examples/invalidate writes under a Go version."""
    root = tmp_path_factory.mktemp("traces")

    def trace(version: str, *flags: str) -> Path:
        out = root / f"{version}{''.join(flags)}.out"
        if not out.exists():
            env = {**os.environ, **go_env, **gocache, "GOTOOLCHAIN": toolchain(version)}
            words = ["go", "run", ".", *flags, str(out)]
            subprocess.run(words, cwd=INVALIDATE, env=env, check=True)
        return out

    return trace


def read(m, version: str, gocache: dict, *words: str) -> dict:
    env = {**gocache, "GOTOOLCHAIN": version}
    return json.loads(m.sluice_run("trace", "--json", *words, env=env).ok().stdout)


def by_reason(told: dict) -> dict:
    return {row["reason"]: row for row in told["reasons"]}


@pytest.mark.parametrize("version", by_toolchain())
def test_three_forced_collections_are_all_inside_of_their_region(
    version, machine, traces, gocache
):
    m = machine()
    trace = traces(version)
    told = read(m, version, gocache, str(trace))
    rows = by_reason(told)
    assert set(rows) == {"ttl", "manual"}
    assert rows["ttl"]["regions"] == rows["manual"]["regions"] == 1
    assert told["collection"]["mark"]["ranges"] == 3
    assert told["collection"]["stop_the_world"]["ranges"] == 6
    for kind in ("mark", "stop_the_world"):
        whole = told["collection"][kind]
        assert whole["wall_ns"] > 0
        # All of the collection, and nothing of it in the other region.
        assert rows["ttl"][kind] == {"sum_ns": whole["sum_ns"], "wall_ns": whole["wall_ns"]}
        assert rows["manual"][kind] == {"sum_ns": 0, "wall_ns": 0}
    assert 0 < rows["ttl"]["mark"]["wall_ns"] < rows["ttl"]["time"]["wall_ns"]
    assert told["regions_open"] == told["regions_before"] == told["ranges_before"] == 0
    assert told["other_regions"] == ["report"]

    text = m.sluice_run("trace", str(trace), env={**gocache, "GOTOOLCHAIN": version}).ok().stdout
    assert re.search(r"^  during ttl +[\d.]+ 100\.0% +[\d.]+ 100\.0% ", text, re.M), text
    assert re.search(r"^  manual +1 +[\d.]+ +0\.000   0\.0% ", text, re.M), text
    report = read(m, version, gocache, "--region", "report", str(trace))
    assert report["all"]["regions"] == 1 and report["all"]["mark"]["sum_ns"] == 0


# --- the same numbers, counted in another way ---


def events(trace: Path, version: str, env: dict) -> list[tuple[str, int, int, str]]:
    """(kind, time, goroutine, line) of each event."""
    words = ["go", "tool", "trace", "-d=parsed", str(trace)]
    out = subprocess.run(words, env=env, capture_output=True, text=True, check=True).stdout
    pattern = re.compile(r"^M=\S+ P=\S+ G=(\S+) (\w+) Time=(\d+)")
    found = []
    for line in out.splitlines():
        match = pattern.match(line)
        if match:
            found.append((match[2], int(match[3]), int(match[1]), line))
    return found


class Count:
    """Regions and ranges as lists of (begin, end, goroutine), with no cleverness."""

    def __init__(self, found: list):
        self.end = found[-1][1]
        self.regions: dict[str, list] = {}
        self.ranges: dict[str, list] = {kind: [] for kind in KINDS}
        self.unfinished = 0
        open_regions: dict[int, list] = {}
        open_ranges: dict[tuple, tuple] = {}
        for kind, now, goroutine, line in found:
            if kind == "RegionBegin":
                name = re.search(r'Type="(.*)"$', line)[1]
                open_regions.setdefault(goroutine, []).append([name, now, None])
            elif kind == "Log" and 'Category="reason"' in line:
                open_regions[goroutine][-1][2] = re.search(r'Message="(.*)"$', line)[1]
            elif kind == "RegionEnd":
                name, begin, reason = open_regions[goroutine].pop()
                if name.startswith("cache.Invalidate"):
                    reason = reason or name.split("/")[1]
                    self.regions.setdefault(reason, []).append((begin, now, goroutine))
            elif kind in ("RangeBegin", "RangeEnd"):
                match = re.search(r'Name="([^"]*)" Scope=(\S+)', line)
                key = (match[1], match[2])
                for gc, pattern in KINDS.items():
                    if not re.fullmatch(pattern, match[1]):
                        continue
                    if kind == "RangeBegin":
                        open_ranges[key] = (gc, now, goroutine)
                    else:
                        _, begin, who = open_ranges.pop(key)
                        self.ranges[gc].append((begin, now, who))
        for gc, begin, who in open_ranges.values():
            self.unfinished += 1
            self.ranges[gc].append((begin, self.end, who))

    def pieces(self, regions: list, gc: str) -> list:
        """What of each region was during a range that counts for it; ranges of one kind and
        goroutine do not overlap."""
        found = []
        for begin, end, goroutine in regions:
            for from_, to, who in self.ranges[gc]:
                if gc in OWN and who != goroutine:
                    continue
                if max(begin, from_) < min(end, to):
                    found.append((max(begin, from_), min(end, to)))
        return found


def duration(spans: list) -> dict:
    total = sum(span[1] - span[0] for span in spans)
    wall, reached = 0, 0
    for begin, end, *_ in sorted(spans):
        wall += max(0, end - max(begin, reached))
        reached = max(reached, end)
    return {"sum_ns": total, "wall_ns": wall}


@pytest.mark.parametrize("version", by_toolchain())
def test_busy_goroutines_are_counted_as_a_second_reader_counts_them(
    version, machine, traces, gocache
):
    m = machine()
    trace = traces(version, "-busy")
    env = {**m.env, **gocache, "GOTOOLCHAIN": version}
    told = read(m, version, gocache, str(trace))
    count = Count(events(trace, version, env))
    rows = by_reason(told)
    assert set(rows) == set(count.regions) == {"ttl", "manual", "evict"}
    everything = [region for regions in count.regions.values() for region in regions]
    for reason, regions in [*count.regions.items(), (None, everything)]:
        row = rows[reason] if reason else told["all"]
        assert row["regions"] == len(regions)
        assert row["time"] == duration(regions)
        for gc in KINDS:
            assert row[gc] == duration(count.pieces(regions, gc)), (reason, gc)
    for gc, ranges in count.ranges.items():
        assert told["collection"][gc] == {"ranges": len(ranges), **duration(ranges)}
    assert told["ranges_open"] == count.unfinished
    # Two goroutines at once, with work for the collector: or this has shown nothing.
    evict = rows["evict"]
    assert evict["regions"] == 2 and evict["time"]["sum_ns"] > evict["time"]["wall_ns"]
    assert evict["sweep"]["sum_ns"] > 0 and evict["mark"]["sum_ns"] > 0


# --- what cannot be read ---


def refused(run, code: int) -> str:
    assert run.code == code, run.describe()
    assert run.stdout == ""
    lines = run.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("sluice: trace: "), run.describe()
    return lines[0].removeprefix("sluice: trace: ")


def test_files_that_are_no_whole_trace(machine, traces, tmp_path, gocache):
    m = machine()
    version = TOOLCHAINS[-1]
    whole = traces(version).read_bytes()
    env = {**gocache, "GOTOOLCHAIN": version}
    text = "it is no runtime trace of Go; runtime/trace and 'go test -trace' write one"
    damaged = bytearray(whole)
    damaged[200:400] = b"x" * 200
    contents = {
        "empty": (b"", "it is empty"),
        "text": (b"package main\n" * 10, text),
        "short": (whole[:9], text),
        "header": (whole[:16], "it holds no events: the program ended before any were written"),
        "future": (
            b"go 1.99 trace" + whole[13:],
            '"go 1.99 trace" is a version of traces that this sluice does not know; '
            "it knows those up to go 1.26",
        ),
        "cut": (whole[: len(whole) * 2 // 3], "it is cut off or damaged ("),
        "damaged": (bytes(damaged), "it is cut off or damaged ("),
    }
    for name, (content, why) in contents.items():
        (tmp_path / name).write_bytes(content)
        said = refused(m.sluice_run("trace", str(tmp_path / name), env=env), 2)
        assert said.startswith(f"{tmp_path / name}: {why}"), said
    os.mkfifo(tmp_path / "pipe")
    for name, why in (
        ("absent", "there is no such file"),
        (".", "it is no regular file"),
        ("pipe", "it is no regular file"),
    ):
        said = refused(m.sluice_run("trace", name, cwd=tmp_path, env=env), 2)
        assert said == f"{name}: {why}"
    run = m.sluice_run("trace", "--region", "", str(tmp_path / "cut"), env=env)
    assert run.code == 2 and run.stdout == ""


def test_no_go_and_one_that_is_too_old(machine, traces, toolchain, gocache, tmp_path):
    m = machine()
    new, old = TOOLCHAINS[-1], toolchain(TOOLCHAINS[0])
    trace = str(traces(new))
    said = refused(m.sluice_run("trace", trace, env={**gocache, "GOTOOLCHAIN": old}), 1)
    assert said == (
        f'{trace}: {old} does not read a "go 1.26 trace"; put a newer go first in PATH, or set '
        "GOTOOLCHAIN=go1.26.0"
    )
    older = {**gocache, "GOTOOLCHAIN": toolchain(OLD_TOOLCHAIN)}
    said = refused(m.sluice_run("trace", trace, env=older), 1)
    assert said.startswith(f"{OLD_TOOLCHAIN} cannot print a trace, Go 1.24 and newer can; "), said
    (tmp_path / "bin").mkdir()
    said = refused(m.sluice_run("trace", trace, env={"PATH": str(tmp_path / "bin")}), 1)
    assert said == "go: not found in PATH"


@pytest.fixture
def wrapped_go(tmp_path, goroot, machine):
    """A function: a machine whose go does what a script says when it is asked for a trace."""

    def wrap(script: str):
        m = machine()
        directory = tmp_path / "bin"
        directory.mkdir()
        go = directory / "go"
        real = goroot / "bin" / "go"
        go.write_text(f'#!/bin/sh\nif [ "$1" = tool ]; then\n{script}\nfi\nexec "{real}" "$@"\n')
        go.chmod(0o755)
        m.env["PATH"] = f"{directory}:{m.env['PATH']}"
        return m

    return wrap


def test_a_tool_that_fails(wrapped_go, traces, tmp_path):
    m = wrapped_go('. "$SCRIPT"')
    trace = str(traces(TOOLCHAINS[-1]))
    for script, why in (
        ("echo 'go: no such tool \"trace\"' >&2; exit 2", 'ended with 2: go: no such tool "trace"'),
        ("echo 'panic: oh' >&2; exit 2", "ended with 2: panic: oh"),
        ("exit 1", "ended with 1"),
        ("kill -KILL $$", "was ended by signal 9"),
        ("echo 'M=1 P=0 G=1 Sync Time=7'; echo new words; exec sleep 60", 'line 2: "new words" is'),
    ):
        (tmp_path / "script").write_text(script)
        run = m.sluice_run("trace", trace, env={"SCRIPT": str(tmp_path / "script")})
        assert why in refused(run, 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_go_too(number, wrapped_go, traces, tmp_path):
    pid_file = tmp_path / "pid"
    m = wrapped_go(f"echo $$ > {pid_file}.new; mv {pid_file}.new {pid_file}; exec sleep 60")
    trace = str(traces(TOOLCHAINS[-1]))
    process = m.popen(m.sluice, "trace", trace, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert wait_until(pid_file.exists, 20)
    process.send_signal(number)  # to sluice alone, as kill(1) does
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (-number, b"", b"")
    pid = int(pid_file.read_text())
    assert wait_until(lambda: not Path(f"/proc/{pid}").exists(), 10)


def test_much_text_is_not_held(wrapped_go, traces):
    line = "M=1 P=0 G=1 RangeBegin Time=7 Name=\\\"stop-the-world (GC x)\\\" Scope=Goroutine(1)"
    count = K_TEXT_BYTES // (len(line) - 1)
    m = wrapped_go(f'echo "M=1 P=0 G=1 Sync Time=1"; yes "{line}" | head -n {count}; exit 0')
    trace = str(traces(TOOLCHAINS[-1]))
    process = m.popen(
        m.sluice,
        "trace",
        "--json",
        trace,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (K_MEMORY_MAX, K_MEMORY_MAX)),
    )
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert json.loads(out)["ranges_open"] == 1
