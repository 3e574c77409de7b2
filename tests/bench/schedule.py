"""Suites of tests run by `sluice test`, next to `go test`: the first word, and the whole.

Four modules are made: one whose first package compiles slowly, and three whose packages compute,
sleep, or do either. What no schedule can be faster than is the larger of all work by the
processors and the longest test. The builds are warm but for the slow package, results are not
taken from the cache (-count=1). Then the tests of programs, as they are, with -short.
"""

from __future__ import annotations

import os
import random
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from programs import PROGRAMS, say, spread
from sluice_harness import Machine

K_FIRST_SHARE_MAX = 0.25
K_BOUND_MAX = 1.15
K_MIXED_MIN = 1.5
K_PACKAGES = 24

TEST = """package {name}

import (
	"syscall"
	"testing"
	"time"
)

// used is the CPU time of this process.
func used() time.Duration {{
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}}

func TestIt(t *testing.T) {{
	time.Sleep({sleep_ms} * time.Millisecond)
	for used() < {work_ms}*time.Millisecond {{
	}}
}}
"""


class Suite:
    def __init__(self, name: str, root: Path, tests: list[tuple[int, int]]):
        """`tests`: milliseconds of sleep and of work, by package."""
        self.name = name
        self.path = root / name
        self.path.mkdir(parents=True)
        (self.path / "go.mod").write_text(f"module example.com/{name}\n\ngo 1.24\n")
        for number, (sleep_ms, work_ms) in enumerate(tests):
            self.package(f"p{number:02}", sleep_ms, work_ms)
        cores = len(os.sched_getaffinity(0))
        work_ms = sum(work for _, work in tests)
        self.bound_s = max(work_ms / cores, max(map(sum, tests))) / 1000

    def package(self, name: str, sleep_ms: int = 0, work_ms: int = 0) -> Path:
        directory = self.path / name
        directory.mkdir()
        (directory / f"{name}.go").write_text(f"package {name}\n")
        text = TEST.format(name=name, sleep_ms=sleep_ms, work_ms=work_ms)
        (directory / f"{name}_test.go").write_text(text)
        return directory

    def before(self, number: int) -> None:
        """Nothing changes between runs."""


class SlowFirst(Suite):
    """What compiles slowly is another text before every run, and stands first in the list."""

    def __init__(self, root: Path):
        super().__init__("first", root, [(100, 0)] * 8)
        self.slow = self.package("a_slow") / "slow.go"

    def before(self, number: int) -> None:
        lines = ["package a_slow"]
        for i in range(2500):
            lines.append(
                f"func F{i}(a, b []int, m map[string][]int) (r int) {{ for i, x := range a {{ "
                f'for j, y := range b {{ m["k"] = append(m["k"], x*y+i*j+{i + number}); '
                f'r += len(m["k"]) * {i}; if r > {i} {{ r -= x }} else {{ r += y; '
                f"b = append(b, r) }} }} }}; return r }}"
            )
        self.slow.write_text("\n".join(lines) + "\n")


class ProgramSuite:
    """The tests of a program, as they are."""

    bound_s = None

    def __init__(self, name: str, root: Path, go_env: dict):
        self.name = name
        self.path = PROGRAMS[name](root, {**os.environ, **go_env}).path

    def before(self, number: int) -> None:
        """Nothing changes between runs."""


def suites(root: Path) -> list[Suite]:
    chance = random.Random(7)
    spans = [round(min(4000, 600 * chance.lognormvariate(0, 0.8))) for _ in range(K_PACKAGES)]
    works = [(0, span) for span in spans]
    sleeps = [(span, 0) for span in spans]
    mixed = [(span, 0) if i % 2 else (0, span) for i, span in enumerate(spans)]
    return [
        SlowFirst(root),
        Suite("computes", root, works),
        Suite("mixed", root, mixed),
        Suite("sleeps", root, sleeps),
    ]


def run(machine: Machine, words: list[str], suite: Suite | ProgramSuite) -> dict:
    """Seconds until the first line of output, and until the end; packages that did not pass."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as errors:
        process = machine.popen(
            *words, "-short", "-count=1", "./...", cwd=suite.path, stdout=subprocess.PIPE,
            stderr=errors,
        )  # fmt: skip
        first = process.stdout.readline()
        first_s = time.monotonic() - started
        out = first + process.stdout.read()
        process.wait()
    took_s = time.monotonic() - started
    failed = sorted(set(re.findall(r"^FAIL\t(\S+)", out.decode(errors="replace"), re.M)))
    if suite.bound_s is not None and failed or b"ok  \t" not in out:
        raise SystemExit(f"bench: {words} in {suite.name}: {out!r}")
    if failed:
        say(f"{suite.name}: {words[-1]} of {Path(words[0]).name}: not passed: {failed}")
    return {"first": first_s, "took": took_s}


def measure(
    root: Path, sluice: Path, go_env: dict, rounds: int, programs: Sequence[str] = ()
) -> dict:
    result: dict = {"suites": {}}
    machines = {
        side: Machine(root / side.split()[0], sluice, None, go_env)
        for side in ("go test", "sluice test")
    }
    words = {
        "go test": ["go", "test"],
        "sluice test": [sluice, "test"],
    }
    turns = 0
    real = [ProgramSuite(name, root, go_env) for name in programs]
    for suite in [*suites(root / "work"), *real]:
        measured: dict = {side: {"first": [], "took": []} for side in machines}
        measured["bound_s"] = suite.bound_s
        for number in range(-2, rounds):  # twice before: caches, and what each test takes
            sides = list(machines)
            for side in sides if number % 2 else reversed(sides):
                turns += 1
                suite.before(turns)
                os.sync()
                numbers = run(machines[side], words[side], suite)
                if number < 0:
                    continue
                for what, seconds in numbers.items():
                    measured[side][what].append(seconds)
            if number >= 0:
                last = {side: round(measured[side]["took"][-1], 2) for side in machines}
                bound = "" if suite.bound_s is None else f", bound {suite.bound_s:.2f} s"
                say(f"{suite.name}: {last}{bound}")
        result["suites"][suite.name] = measured
    for machine in machines.values():
        machine.stop()
    return result


def judged(value: float, bound: float, is_most: bool) -> str:
    is_met = value <= bound if is_most else value >= bound
    return f"{'at most' if is_most else 'at least'} {bound:g} {'met' if is_met else 'MISSED'}"


def print_tables(result: dict) -> None:
    print("\nTests run again, builds warm\n")
    print("| suite | side | s | by what is possible | first word, s |")
    print("| --- | --- | --- | --- | --- |")
    for name, measured in result["suites"].items():
        for side in ("go test", "sluice test"):
            took = measured[side]["took"]
            bound_s = measured["bound_s"] if name != "first" else None
            share = spread([one / bound_s for one in took]) if bound_s else ""
            print(f"| {name} | {side} | {spread(took)} | {share} "
                  f"| {spread(measured[side]['first'])} |")  # fmt: skip
    print("\n| what | measured | bound |")
    print("| --- | --- | --- |")
    first = result["suites"]["first"]
    share = [
        ours / theirs
        for ours, theirs in zip(first["sluice test"]["first"], first["go test"]["first"])
    ]
    said = judged(statistics.median(share), K_FIRST_SHARE_MAX, True)
    print(f"| first word, sluice by go, slow package first | {spread(share)} | {said} |")
    for name, measured in result["suites"].items():
        if name == "first":
            continue
        ours = measured["sluice test"]["took"]
        if measured["bound_s"]:
            by_bound = [one / measured["bound_s"] for one in ours]
            said = judged(statistics.median(by_bound), K_BOUND_MAX, True)
            print(f"| {name}: by what is possible | {spread(by_bound)} | {said} |")
        faster = [theirs / mine for theirs, mine in zip(measured["go test"]["took"], ours)]
        said = judged(statistics.median(faster), K_MIXED_MIN if name == "mixed" else 1, False)
        print(f"| {name}: go test by sluice | {spread(faster)} | {said} |")
