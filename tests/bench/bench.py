#!/usr/bin/env python3
"""Measures what sluice costs and what it saves, next to go alone, in one interleaved run.

    tests/bench/bench.py [--quick] [--rounds N] [--cold-rounds N] [--program NAME]... [--out FILE]

Every round runs the same steps with go alone and with sluice, one right after the other, and the
order changes from round to round; a ratio is taken inside a round, and the table shows the median
of the ratios with their range. The numbers, the versions and the load of the machine go to a JSON
file.

Three things that cost more than what is measured are kept away from both sides. Nothing is deleted
before the end, and go's work directories are in memory: for some minutes ext4 passes over the
inodes of deleted files one by one, and a thousand deletions make every new file cost up to a
millisecond. And before each step the memory that it may need is touched once: on a virtual machine
whose host takes free memory back, a page costs up to 15 microseconds when it is used again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import mmap
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from datetime import datetime, timezone
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "tests" / "integration"))

from sluice_harness import SHOP, Machine, Run, fresh_checkout, github, sha256  # noqa: E402

CADDY = "github.com/caddyserver/caddy/v2"
CADDY_VERSION = "v2.10.2"

HELLO = """package main

import (
	"fmt"
	"net/http"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") })
	if err := http.ListenAndServe("127.0.0.1:8080", nil); err != nil {
		panic(err)
	}
}
"""

# What the measurements are held against: name of the ratio or number, its bound.
TARGETS = {
    "cold": 1.05,
    "warm": 1.05,
    "second": 1.3,
}
TARGET_SHIM_MS = 5.0
TARGET_AGENT_MIB = 256

MEMORY_DISK = Path("/dev/shm")
WORK_BYTES_MIN = 2 << 30


def say(*words: str) -> None:
    print(*words, file=sys.stderr, flush=True)


def touch_memory(size: int) -> float:
    """Have free memory's pages from the host before anything is measured. Returns seconds."""
    available = os.sysconf("SC_AVPHYS_PAGES") * mmap.PAGESIZE
    started = time.monotonic()
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE
    mmap.mmap(-1, min(size, available // 2), flags=flags).close()
    return time.monotonic() - started


def work_in_memory() -> tempfile.TemporaryDirectory | None:
    """Where go puts what it removes again, when there is room in memory."""
    if not MEMORY_DISK.is_dir() or shutil.disk_usage(MEMORY_DISK).free < WORK_BYTES_MIN:
        return None
    return tempfile.TemporaryDirectory(prefix="sluice-bench-", dir=MEMORY_DISK)


class Program:
    """A main package to build and vet, always at one path."""

    def __init__(self, name: str, source: Path, path: Path, main: str, memory: int = 512 << 20):
        self.name = name
        self.memory = memory  # what a build takes, in bytes: linker, outputs, page cache
        self.source = source
        self.path = path
        self.main = main
        self.checkouts = 0
        self.checkout()

    def checkout(self) -> None:
        """Every file is new, as after a clone on another machine."""
        if self.path.exists():
            self.path.rename(self.path.with_name(f"{self.name}-{self.checkouts}"))
        self.checkouts += 1
        fresh_checkout(self.source, self.path)


def shop(root: Path, env: dict) -> Program:
    return Program("shop", SHOP, root / "work" / "shop", "./cmd/shop")


def hello(root: Path, env: dict) -> Program:
    source = root / "hello-source"
    source.mkdir()
    (source / "go.mod").write_text("module example.com/hello\n\ngo 1.24\n")
    (source / "main.go").write_text(HELLO)
    return Program("hello", source, root / "work" / "hello", ".")


def caddy(root: Path, env: dict) -> Program:
    say(f"fetching {CADDY} {CADDY_VERSION} and what it needs")
    out = subprocess.run(
        ["go", "mod", "download", "-json", f"{CADDY}@{CADDY_VERSION}"],
        env=env,
        cwd=root,
        capture_output=True,
        text=True,
    )
    if out.returncode != 0:
        raise SystemExit(
            f"bench: {CADDY} cannot be had from the module proxy: {out.stdout}{out.stderr}"
        )
    source = root / "caddy-source"
    shutil.copytree(json.loads(out.stdout)["Dir"], source, copy_function=shutil.copyfile)
    for path in [source, *source.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    subprocess.run(["go", "mod", "download"], env=env, cwd=source, check=True)
    return Program("caddy", source, root / "work" / "caddy", "./cmd/caddy", memory=2 << 30)


PROGRAMS = {"shop": shop, "hello": hello, "caddy": caddy}


class Side:
    """Go alone, or go behind sluice, on machines of its own."""

    def __init__(self, root: Path, sluice: Path | None, go_env: dict):
        self.root = root
        self.sluice = sluice
        self.go_env = go_env
        self.count = 0
        self.store = root / "store"
        self.agent_peak_kb = 0
        self.uploads_s: list[float] = []
        self.touch_s: list[float] = []
        self.machine: Machine | None = None
        self.checkout: Path | None = None

    def new_machine(self, empty_store: bool) -> None:
        self.drop_machine()
        self.count += 1
        if empty_store:
            self.store = self.root / f"store{self.count}"
        root = self.root / f"m{self.count}"
        root.mkdir(parents=True)
        self.machine = Machine(root, self.sluice or Path("/nonexistent"), self.store, self.go_env)
        # A run of a CI job, of which each machine is another one.
        self.machine.env |= github(repository=f"bench/{self.root.parent.name}")
        self.machine.env["GITHUB_RUN_ID"] = f"{zlib.crc32(str(root).encode())}"

    def drop_machine(self) -> None:
        if self.machine is not None:
            self.settle()
            self.machine.stop()
            self.machine = None

    def go(self, program: Program, *args: str) -> float:
        assert self.machine is not None
        self.checkout = program.path
        words = [str(self.machine.root / "out") if a == "OUT" else a for a in args]
        (self.machine.root / "out").unlink(missing_ok=True)
        if args[0] == "build":
            self.touch_s.append(touch_memory(program.memory))
        run: Run
        if self.sluice:
            run = self.machine.go(*words, cwd=program.path, timeout_s=1800)
        else:
            run = self.machine.plain_go(*words, cwd=program.path, timeout_s=1800)
        if run.code != 0 or run.said:
            raise SystemExit(f"bench: {run.describe()}")
        self.last = run
        return run.wall_s

    def settle(self) -> None:
        """Let uploads end, so that they disturb no other measurement; remember how long and how
        much memory.
        """
        if not self.sluice or self.machine is None or self.checkout is None:
            return
        started = time.monotonic()
        self.machine.sluice_run("agent", "wait", cwd=self.checkout, timeout_s=600)
        self.uploads_s.append(time.monotonic() - started)
        for pid in self.machine.agents():
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    self.agent_peak_kb = max(self.agent_peak_kb, int(line.split()[1]))


def measure(
    program: Program, root: Path, sluice: Path, go_env: dict, rounds: int, cold_rounds: int
) -> dict:
    """All rounds of one program. Returns {step: {side: [seconds]}} and more."""
    sides = {
        "native": Side(root / "native", None, go_env),
        "sluice": Side(root / "sluice", sluice, go_env),
    }
    steps: dict[str, dict[str, list[float]]] = {}
    loads = []
    seconds = {}

    def note(step: str, side: str, took_s: float) -> None:
        steps.setdefault(step, {}).setdefault(side, []).append(took_s)
        seconds[side] = took_s

    build = ("build", "-o", "OUT", program.main)
    vet = ("vet", "./...")
    second_detail: list[dict] = []
    other = Side(root / "second", sluice, go_env)
    for number in range(rounds):
        order = list(sides) if number % 2 == 0 else list(reversed(sides))
        loads.append(os.getloadavg()[0])
        if number < cold_rounds:
            for name in order:
                side = sides[name]
                side.new_machine(empty_store=True)
                note("cold", name, side.go(program, *build))
                side.settle()
                note("cold vet", name, side.go(program, *vet))
                side.settle()
        for name in order:
            side = sides[name]
            took_s = side.go(program, *build)
            note("warm", name, took_s)
            note("warm vet", name, side.go(program, *vet))
            side.settle()
        # The second machine, with a checkout of its own, against go alone on the machine that has
        # everything.
        warm = sides["native"]
        other.store = sides["sluice"].store

        def native_both() -> float:
            return warm.go(program, *build) + warm.go(program, *vet)

        def second_both() -> float:
            program.checkout()
            other.new_machine(empty_store=False)
            took_s = other.go(program, *build)
            detail = {"build": other.last.summary, "build_s": took_s}
            digest = sha256(other.machine.root / "out")
            vet_s = other.go(program, *vet)
            detail |= {"vet": other.last.summary, "vet_s": vet_s}
            second_detail.append(detail)
            if native_binary != digest:
                raise SystemExit(
                    f"bench: {program.name}: the second machine's binary differs from go's own"
                )
            return took_s + vet_s

        warm.go(program, *build)
        native_binary = sha256(warm.machine.root / "out")
        for name in order:
            note("second", name, native_both() if name == "native" else second_both())
        peak = sides["sluice"]
        other.settle()
        peak.agent_peak_kb = max(peak.agent_peak_kb, other.agent_peak_kb)
        other.drop_machine()
        say(
            f"{program.name} round {number + 1} of {rounds}: "
            + ", ".join(
                f"{step} {v['native'][-1]:.2f}/{v['sluice'][-1]:.2f} s"
                for step, v in steps.items()
                if len(v["native"]) > 0
            )
        )
    for side in sides.values():
        side.drop_machine()
    return {
        "steps": steps,
        "second_detail": second_detail,
        "agent_peak_mib": sides["sluice"].agent_peak_kb / 1024,
        "longest_upload_behind_s": max(sides["sluice"].uploads_s, default=0.0),
        "longest_touch_s": max(sides["native"].touch_s + sides["sluice"].touch_s + other.touch_s),
        "load_1min": loads,
    }


def latency(root: Path, sluice: Path, go_env: dict, repeats: int) -> dict:
    """Microseconds from spawn to the first line: a static program that only writes, and the
    session, in turns.
    """
    tool, floor = root / "spawn_latency", root / "line"
    here = Path(__file__).parent
    subprocess.run(["cc", "-O2", "-o", tool, here / "spawn_latency.c"], check=True)
    subprocess.run(["cc", "-O2", "-static", "-o", floor, here / "line.c"], check=True)
    (root / "shim").mkdir()
    machine = Machine(root / "shim" / "m", sluice, root / "shim" / "store", go_env)
    samples: dict[str, list[float]] = {"floor": [], "agent there": [], "no agent yet": []}

    def take(name: str, count: int, *command: str) -> None:
        out = machine.run(str(tool), str(count), *command).ok()
        samples[name] += [float(line) for line in out.stdout.split()]

    session = (str(sluice), "cacheprog")
    machine.run(*session, stdin="").ok()
    for _ in range(max(1, repeats // 20)):
        take("floor", 20, str(floor))
        take("agent there", 20, *session)
    for _ in range(max(3, repeats // 20)):
        machine.run(sluice, "agent", "stop")
        take("no agent yet", 1, *session)
    machine.stop()
    return {
        name: {
            "count": len(values),
            "median_ms": statistics.median(values) / 1000,
            "p95_ms": sorted(values)[int(len(values) * 0.95)] / 1000,
            "max_ms": max(values) / 1000,
        }
        for name, values in samples.items()
    }


def spread(values: list[float], unit: str = "") -> str:
    if len(values) == 1:
        return f"{values[0]:.2f}{unit} (1 round)"
    low, high = min(values), max(values)
    return f"{statistics.median(values):.2f}{unit} ({low:.2f}-{high:.2f}, {len(values)} rounds)"


def print_tables(result: dict) -> None:
    print(
        f"\nsluice {result['sluice']}, {result['go']}, {result['cpus']} CPUs, "
        f"load at start {result['load_at_start']:.2f}, {result['when']}\n"
    )
    print("| program | step | go alone, s | with sluice, s | ratio, median (range) | bound |")
    print("| --- | --- | --- | --- | --- | --- |")
    names = {
        "cold": "cold build",
        "cold vet": "cold vet after build",
        "warm": "warm build",
        "warm vet": "warm vet",
        "second": "second machine, build + vet, against go alone warm",
    }
    for program, measured in result["programs"].items():
        for step, sides in measured["steps"].items():
            ratios = [b / a for a, b in zip(sides["native"], sides["sluice"])]
            bound = TARGETS.get(step)
            verdict = (
                ""
                if bound is None
                else f"{bound:g} {'met' if statistics.median(ratios) <= bound else 'MISSED'}"
            )
            print(
                f"| {program} | {names[step]} | {statistics.median(sides['native']):.2f} "
                f"| {statistics.median(sides['sluice']):.2f} | {spread(ratios)} | {verdict} |"
            )
    print("\n| agent | peak memory, MiB | longest upload behind the command, s | bound |")
    print("| --- | --- | --- | --- |")
    for program, measured in result["programs"].items():
        peak = measured["agent_peak_mib"]
        print(
            f"| {program} | {peak:.0f} | {measured['longest_upload_behind_s']:.2f} "
            f"| {TARGET_AGENT_MIB} MiB {'met' if peak <= TARGET_AGENT_MIB else 'MISSED'} |"
        )
    print(
        "\n| exec to first message | count | median, ms | 95th percentile, ms | max, ms | bound |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for name, s in result["latency"].items():
        bound = (
            ""
            if name == "floor"
            else f"{TARGET_SHIM_MS:g} ms {'met' if s['median_ms'] <= TARGET_SHIM_MS else 'MISSED'}"
        )
        print(
            f"| {name} | {s['count']} | {s['median_ms']:.2f} | {s['p95_ms']:.2f} "
            f"| {s['max_ms']:.2f} | {bound} |"
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one round of the small programs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cold-rounds", type=int, default=2)
    parser.add_argument("--program", action="append", choices=sorted(PROGRAMS))
    parser.add_argument(
        "--repeats", type=int, default=200, help="repeats of the exec-to-first-message measurement"
    )
    parser.add_argument(
        "--out", type=Path, help="where the JSON goes (default: build/bench/<time>.json)"
    )
    options = parser.parse_args()
    if options.quick:
        options.rounds = options.cold_rounds = 1
        options.repeats = min(options.repeats, 60)
    names = options.program or (["shop", "hello"] if options.quick else list(PROGRAMS))

    sluice = Path(os.environ.get("SLUICE_BIN", REPO / "build" / "sluice")).resolve()
    if not os.access(sluice, os.X_OK):
        raise SystemExit(f"bench: {sluice} is missing: run make build")
    says = subprocess.run(
        ["go", "env", "GOMODCACHE", "GOPROXY", "GOSUMDB"],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    modcache, proxy, sumdb = says.stdout.splitlines()
    go_env = {
        "GOMODCACHE": modcache,
        "GOPROXY": proxy,
        "GOSUMDB": sumdb,
        "GOFLAGS": "-buildvcs=false",
        "GOTOOLCHAIN": os.environ.get("SLUICE_TEST_GOTOOLCHAIN", "local"),
        # Uploads go on behind the command; how long is measured apart. In a container the default
        # would wait for them.
        "SLUICE_DRAIN": "detach",
    }
    when = datetime.now(timezone.utc)
    result: dict = {
        "when": when.strftime("%Y-%m-%d %H:%M UTC"),
        "sluice": subprocess.run([sluice, "version"], capture_output=True, text=True)
        .stdout.splitlines()[0]
        .removeprefix("sluice "),
        "go": subprocess.run(
            ["go", "version"], capture_output=True, text=True, env={**os.environ, **go_env}, cwd="/"
        ).stdout.strip(),
        "kernel": platform.release(),
        "cpus": os.cpu_count(),
        "load_at_start": os.getloadavg()[0],
        "rounds": options.rounds,
        "cold_rounds": options.cold_rounds,
        "programs": {},
    }
    with contextlib.ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-bench-")))
        (root / "work").mkdir()
        work = work_in_memory()
        if work:
            go_env["GOTMPDIR"] = stack.enter_context(work)
        say("measuring exec to first message")
        result["latency"] = latency(root, sluice, go_env, options.repeats)
        for name in names:
            (root / name).mkdir()
            program = PROGRAMS[name](root, {**os.environ, **go_env})
            result["programs"][name] = measure(
                program, root / name, sluice, go_env, options.rounds, options.cold_rounds
            )
    out = options.out or REPO / "build" / "bench" / f"{when:%Y%m%d-%H%M%S}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=1) + "\n")
    print_tables(result)
    print(f"\nnumbers: {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
