"""A store in a folder: what sluice costs and saves next to go alone.

Every round runs the same steps with go alone and with sluice, one right after the other, and the
order changes from round to round; a ratio is taken inside a round.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
import zlib
from pathlib import Path

from programs import Program, say, spread, touch_memory
from sluice_harness import Machine, Run, github, sha256

# What the measurements are held against: name of the ratio or number, its bound.
TARGETS = {
    "cold": 1.05,
    "warm": 1.05,
    "second": 1.3,
}
TARGET_SHIM_MS = 5.0
TARGET_AGENT_MIB = 256

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


def print_tables(result: dict) -> None:
    print("\nStore in a folder\n")
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
