"""Tests that together want more memory than there is: in a control group of 2 GiB, eight packages
whose tests use 500 MiB each.

Beside `sluice test` as it is, the same with eight at once, where the kernel has to end some: it
shows that the group has a bound at all. Needs root and the memory controller (version 1 or 2).
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

from programs import say, spread
from sluice_harness import Machine

K_GROUP = Path("/sys/fs/cgroup")
K_LIMIT = 2 << 30
K_PACKAGES = 8

TEST = """package {name}

import (
	"testing"
	"time"
)

func TestBig(t *testing.T) {{
	big := make([]byte, 500<<20)
	for i := 0; i < len(big); i += 4096 {{
		big[i] = 1
	}}
	time.Sleep(2 * time.Second)
	for i := 0; i < len(big); i += 4096 {{
		if big[i] != 1 {{
			t.Fatal(i)
		}}
	}}
}}
"""


def make_module(root: Path) -> Path:
    root.mkdir(parents=True)
    (root / "go.mod").write_text("module example.com/big\n\ngo 1.24\n")
    for number in range(K_PACKAGES):
        name = f"p{number}"
        (root / name).mkdir()
        (root / name / f"{name}_test.go").write_text(TEST.format(name=name))
    return root


class Group:
    """A control group of ours with a bound on memory; gone at the end."""

    def __init__(self):
        is_first = (K_GROUP / "memory").is_dir()
        self.path = (K_GROUP / "memory" if is_first else K_GROUP) / f"sluice-bench-{os.getpid()}"
        self.path.mkdir()
        limit = "memory.limit_in_bytes" if is_first else "memory.max"
        (self.path / limit).write_text(str(K_LIMIT))

    def members(self) -> list[int]:
        return [int(word) for word in (self.path / "cgroup.procs").read_text().split()]

    def enter(self) -> None:
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def remove(self) -> None:
        deadline = time.monotonic() + 10
        while self.members() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.path.rmdir()


def run(machine: Machine, words: list[str], module: Path) -> dict:
    group = Group()
    started = time.monotonic()
    try:
        with tempfile.TemporaryFile() as errors:
            process = machine.popen(
                *words, "-count=1", "./...", cwd=module, stdout=subprocess.PIPE, stderr=errors,
                preexec_fn=group.enter,
            )  # fmt: skip
            out = process.stdout.read().decode(errors="replace")
            process.wait()
            took_s = time.monotonic() - started
            errors.seek(0)
            said = errors.read().decode(errors="replace")
        machine.stop()
    finally:
        group.remove()
    return {
        "passed": len(re.findall(r"^ok  \t", out, re.M)),
        "killed": out.count("signal: killed"),
        "evicted": len(re.findall(r"end for want of memory", said)),
        "took": took_s,
    }


def measure(root: Path, sluice: Path, go_env: dict, rounds: int) -> dict:
    """Each round on a machine that has never run these tests, and then knows them."""
    module = make_module(root / "work" / "big")
    words = [sluice, "test", "--explain-schedule"]
    sides = {
        "auto, the first time": words,
        "auto, again": words,
        "fixed=8": [*words, "--parallel", "fixed=8"],
    }
    result: dict = {side: [] for side in sides}
    for number in range(rounds):
        machine = Machine(root / f"m{number}", sluice, None, go_env)
        os.sync()
        for side in sides:
            result[side].append(run(machine, sides[side], module))
            say(f"memory, {side}: {result[side][-1]}")
    return result


def print_tables(result: dict) -> None:
    print("\nEight tests of 500 MiB in a control group of 2 GiB\n")
    print("| --parallel | passed of 8 | killed | evicted | s |")
    print("| --- | --- | --- | --- | --- |")
    for side, runs in result.items():
        counts = [
            " ".join(str(one[what]) for one in runs) for what in ("passed", "killed", "evicted")
        ]
        print(f"| {side} | {' | '.join(counts)} | {spread([one['took'] for one in runs])} |")
    automatic = [one for side, runs in result.items() if side != "fixed=8" for one in runs]
    good = all(one["passed"] == K_PACKAGES and one["killed"] == 0 for one in automatic)
    print(f"\nall passed with auto, none killed: {'met' if good else 'MISSED'}")
