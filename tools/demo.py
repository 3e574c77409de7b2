#!/usr/bin/env python3
"""Shows sluice at work: examples/shop built and tested on a first machine, then on a second one.

    tools/demo.py [--binary FILE] [--keep]

The second machine has the same checkout path and empty caches of its own; all it gets from the
first is the store, moved over as a mounted disk would be. Everything lies in a temporary directory.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import house
from house import fail, say

SHOP = house.ROOT / "examples" / "shop"
COMMANDS = (("build", "./..."), ("test", "./..."))
HIT_SHARE_MIN = 0.9  # of the second machine's lookups; links may miss, compilations may not
RUN_TIMEOUT_S = 900
KEPT_VARIABLES = (
    *("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "CC", "CXX"),
    *("GOPATH", "GOROOT", "GOFLAGS", "GOTOOLCHAIN", "GOPROXY", "GOMODCACHE"),
)


@dataclass
class Job:
    """One go command: how long it took, and sluice's summary of it."""

    words: tuple[str, ...]
    seconds: float
    summary: dict

    @property
    def hits(self) -> int:
        return self.summary["hits_local"] + self.summary["hits_remote"]


class DemoMachine:
    """One computer: directories of its own, an environment made from nothing."""

    def __init__(self, root: Path, checkout: Path, binary: Path):
        self.root, self.checkout, self.binary = root, checkout, binary
        self.cache = root / "cache"
        runtime = root / "run"
        for directory in (self.cache, root / "config"):
            directory.mkdir(parents=True)
        runtime.mkdir(mode=0o700)
        known = house.environment()
        self.env = {name: known[name] for name in KEPT_VARIABLES if name in known}
        self.env |= {
            "XDG_CACHE_HOME": str(self.cache),
            "XDG_CONFIG_HOME": str(root / "config"),
            "XDG_RUNTIME_DIR": str(runtime),
            "GOENV": "off",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }

    @property
    def store(self) -> Path:
        return self.cache / "sluice" / "store"

    def check_out(self) -> None:
        """A fresh checkout, as a job's first step makes it: the same commit, new times."""
        shutil.rmtree(self.checkout, ignore_errors=True)
        shutil.copytree(SHOP, self.checkout)
        author = {"NAME": "demo", "EMAIL": "demo@example.com", "DATE": "2024-01-01T00:00:00Z"}
        env = dict(self.env)
        for role in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{role}_{name}": value for name, value in author.items()}
        for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "shop"]):
            subprocess.run(["git", *words], cwd=self.checkout, env=env, check=True)

    def job(self, words: tuple[str, ...]) -> Job:
        report = self.root / "summary.json"
        report.unlink(missing_ok=True)
        started = time.monotonic()
        out = self.sluice("go", *words, SLUICE_SUMMARY=str(report))
        seconds = time.monotonic() - started
        if out.returncode != 0:
            fail(f"`sluice go {' '.join(words)}` failed:\n{out.stdout}{out.stderr}")
        if not report.exists():
            fail(f"`sluice go {' '.join(words)}` left no summary:\n{out.stderr}")
        for line in out.stderr.splitlines():
            if line.startswith("sluice: ") and "lookups:" not in line:
                say(f"    {line}")
        return Job(words, seconds, json.loads(report.read_text()))

    def sluice(self, *words: str, **variables: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(self.binary), *words],
            cwd=self.checkout,
            env={**self.env, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_TIMEOUT_S,
        )

    def run_jobs(self) -> list[Job]:
        self.check_out()
        jobs = []
        for words in COMMANDS:
            jobs.append(self.job(words))
            say(f"    sluice go {' '.join(words)}: {jobs[-1].seconds:.2f} s")
        waited = self.sluice("agent", "wait")
        if waited.returncode != 0:
            say(f"    the upload did not end: {waited.stderr.strip()}")
        return jobs

    def stop(self) -> None:
        if self.checkout.exists():
            self.sluice("agent", "stop")


def size_text(size: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def table(first: list[Job], second: list[Job]) -> str:
    lines = [f"{'':26}{'first machine':>16}{'second machine':>16}"]

    def row(name: str, one: str, two: str, note: str = "") -> None:
        lines.append(f"{name:26}{one:>16}{two:>16}{note}".rstrip())

    for a, b in zip(first, second, strict=True):
        faster = a.seconds / b.seconds if b.seconds else 0.0
        title = f"sluice go {' '.join(a.words)}"
        row(title, f"{a.seconds:.2f} s", f"{b.seconds:.2f} s", f"   {faster:.1f}x")
        for name, key in (
            ("  lookups", "lookups"),
            ("  hits in the local tier", "hits_local"),
            ("  hits in the store", "hits_remote"),
            ("  missed", "misses"),
        ):
            row(name, str(a.summary[key]), str(b.summary[key]))
        row("  down", size_text(a.summary["bytes_down"]), size_text(b.summary["bytes_down"]))
    return "\n".join(lines)


def verdict(second: list[Job]) -> str | None:
    """What is wrong with the second machine's run, if anything."""
    down = sum(job.summary["bytes_down"] for job in second)
    lookups = sum(job.summary["lookups"] for job in second)
    hits = sum(job.hits for job in second)
    if down == 0:
        faults = {reason for job in second for reason in job.summary.get("faults", {})}
        why = f"; faults: {', '.join(sorted(faults))}" if faults else ""
        return f"nothing came from the store ({lookups} lookups{why})"
    if hits < HIT_SHARE_MIN * lookups:
        return f"only {hits} of {lookups} lookups were hits"
    return None


def show(root: Path, binary: Path) -> bool:
    checkout = root / "checkout" / "shop"
    machines: list[DemoMachine] = []
    try:
        say("first machine: nothing is cached anywhere")
        machines.append(DemoMachine(root / "first", checkout, binary))
        first = machines[0].run_jobs()
        machines[0].stop()
        files = [path for path in machines[0].store.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        say(f"    the store holds {size_text(size)} in {len(files)} objects")

        say("second machine: the same checkout path, empty caches, the first one's store")
        machines.append(DemoMachine(root / "second", checkout, binary))
        machines[1].store.parent.mkdir(parents=True)
        if machines[0].store.exists():
            machines[0].store.rename(machines[1].store)
        second = machines[1].run_jobs()
    finally:
        for machine in machines:
            machine.stop()
    say(f"\n{table(first, second)}\n")
    problem = verdict(second)
    if problem:
        say(f"THE SECOND MACHINE DID NOT HIT: {problem}")
    else:
        hits, lookups = sum(job.hits for job in second), sum(j.summary["lookups"] for j in second)
        say(f"The second machine found {hits} of {lookups} results. What the agent brought in")
        say("before go asked for it counts as a hit in the local tier.")
    return problem is None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=Path, default=house.BINARY)
    parser.add_argument("--keep", action="store_true", help="leave the temporary directory")
    arguments = parser.parse_args()
    binary = arguments.binary.resolve()
    if not os.access(binary, os.X_OK):
        fail(f"{binary} is missing: run make build")
    root = Path(tempfile.mkdtemp(prefix="sluice-demo-"))
    try:
        good = show(root, binary)
    finally:
        if arguments.keep:
            say(f"kept: {root}")
        else:
            shutil.rmtree(root, ignore_errors=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
