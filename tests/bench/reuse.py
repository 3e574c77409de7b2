"""Build, vet and test of a fresh clone on an empty machine, next to go alone that runs again where
it has just run.

The clone lies at another path (for the sides that say so), its files have other times, and the
machine has another umask and another time zone than the one that made the results. What counts is
how many packages' tests are answered, `ok ... (cached)`, and the whole job's time. A package whose
tests fail on this machine is never kept by anybody: failing packages must be the same everywhere.
The last table is what the parts of sluice cost a run of which everything is known.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from programs import Target, say, spread, touch_memory
from remote import Side, Sluice, Tarball

K_TIMES_OF_RERUN = 1.6
K_COST_OF_CONTENT = 1.02
K_COST_OF_JOURNAL = 1.01
K_WHY_S = 1.0
STEPS = ("restore", "build", "vet", "test")
ZONE = "Asia/Tokyo"
UMASK = 0o027
CACHED = re.compile(r"^ok\s+(\S+)\s+\(cached\)", re.M)
PASSED = re.compile(r"^ok\s+(\S+)\s", re.M)
FAILED = re.compile(r"^FAIL\s+(\S+)\s", re.M)


@contextlib.contextmanager
def masked(umask: int) -> Iterator[None]:
    old = os.umask(umask)
    try:
        yield
    finally:
        os.umask(old)


def clone(source: Path, path: Path) -> None:
    """As `git clone` a minute ago: modes of this process' umask, times of no commit."""
    umask = os.umask(0)
    os.umask(umask)
    shutil.copytree(source, path, copy_function=shutil.copyfile)
    # Younger files are not indexed, and tests that read them are not kept.
    then = time.time() - 60
    for one in [path, *path.rglob("*")]:
        is_program = one.is_file() and os.access(source / one.relative_to(path), os.X_OK)
        one.chmod((0o777 if one.is_dir() or is_program else 0o666) & ~umask)
        os.utime(one, (then, then))


def job(side: Side, target: Target, restores: bool) -> dict:
    touch_memory(target.memory)
    before = side.way.stats() if side.way else {}
    result: dict = {"restore": side.restore(target) if restores else 0.0}
    result["build"] = side.go(target, "build", "./...")
    result["vet"] = side.go(target, "vet", *target.vet, "./...")
    run = side.run(target, "test", "./...")
    result["test"] = run.wall_s
    after = side.way.stats() if side.way else {}
    result["bytes_down"] = after.get("bytes_down", 0) - before.get("bytes_down", 0)
    result["cached"] = sorted(CACHED.findall(run.stdout))
    result["passed"] = sorted(PASSED.findall(run.stdout))
    result["failed"] = sorted(set(FAILED.findall(run.stdout)))
    if not result["passed"]:
        raise SystemExit(f"bench: {side.name}: {run.describe()}")
    result["total"] = sum(result[step] for step in STEPS)
    steps = ", ".join(f"{step} {result[step]:.2f}" for step in STEPS)
    say(
        f"{target.name} {side.name}: {result['total']:.2f} s ({steps}), "
        f"{len(result['cached'])} cached, {len(result['passed'])} passed, "
        f"{len(result['failed'])} failed"
    )
    return result


class Elsewhere:
    """Clones for one side, each at a path of its own or all at the first one's, each job on an
    empty machine.
    """

    def __init__(self, side: Side, source: Path, first: Target, moves: bool):
        self.side = side
        self.source = source
        self.first = first
        self.moves = moves
        self.what = f"{side.name}, {'another' if moves else 'the same'} path"
        self.target = first

    def job(self) -> dict:
        path = self.first.path
        if self.moves:
            path = path.with_name(f"{self.side.name}-{self.side.machines}") / "checkout"
            path.parent.mkdir()
        with masked(UMASK):
            clone(self.source, path)
            self.target = dataclasses.replace(self.first, path=path)
            self.side.new_machine()
            self.side.machine.env["TZ"] = ZONE
            return job(self.side, self.target, True)


def cpu_of_children() -> float:
    """Seconds that everything took which was started and has ended; an agent goes on."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def costs(sluice: Sluice, target: Target, rounds: int) -> dict:
    """`go test ./...` of which everything is known, again and again in one place, with all of
    sluice and with a part of it off; then `why`. Seconds.
    """
    sides: dict[str, dict] = {
        "all of sluice": {},
        "--test-results go": {"SLUICE_TEST_RESULTS": "go"},
        "--journal off": {"SLUICE_JOURNAL": "off"},
    }
    took: dict = {name: [] for name in sides}
    cpu: dict = {name: [] for name in sides}
    for number in range(-1, rounds):
        shift = number % len(sides)
        for name in [*sides][shift:] + [*sides][:shift]:
            before = cpu_of_children()
            run = sluice.machine.go("test", "./...", cwd=target.path, env=sides[name])
            if number >= 0:
                took[name].append(run.wall_s)
                cpu[name].append(cpu_of_children() - before)
    sluice.machine.sluice_run("why", cwd=target.path).ok()  # has read what the commands left
    why = [sluice.machine.sluice_run("why", cwd=target.path).ok() for _ in range(5)]
    stats = sluice.machine.sluice_run("stats", "--format", "json", cwd=target.path).ok()
    told = json.loads(stats.stdout)
    return {"took": took, "cpu": cpu, "why": [run.wall_s for run in why], "stats": told}


def put_away(first: Target, side: Side) -> None:
    first.path.rename(first.path.with_name(f"before-{side.name.replace('/', '-')}"))


def seeds(
    first: Target, source: Path, native: Side, sluice: Sluice, others: list[Side]
) -> dict[str, dict]:
    """Where everything is made for the first time, at the first path, each in a clone of its own:
    tests leave directories behind. The last one is go alone's, which runs again in it.
    """
    made: dict[str, dict] = {}
    sluice.new_store()
    sluice.new_machine()
    sluice.machine.env["TZ"] = "UTC"
    clone(source, first.path)
    made[sluice.name] = job(sluice, first, False)
    sluice.save(first)
    for side in others:
        side.new_store()
        if isinstance(side, Tarball):
            continue
        put_away(first, side)
        clone(source, first.path)
        side.new_machine()
        made[side.name] = job(side, first, False)
    put_away(first, native)
    clone(source, first.path)
    native.new_machine()
    native.machine.env["TZ"] = "UTC"
    made["go alone"] = job(native, first, False)
    for side in others:
        if isinstance(side, Tarball):
            side.machine = native.machine  # what it brings is what go alone has
            side.save(first)
            side.machine = None
    return made


def measure(
    first: Target,
    source: Path,
    native: Side,
    sluice: Sluice,
    others: list[Side],
    rounds: int,
    cost_rounds: int,
) -> dict:
    """Jobs: those that made everything, go alone's reruns in place, and those of fresh clones; of
    the other sides one round.
    """
    result: dict = {"seed": seeds(first, source, native, sluice, others), "rerun": [], "fresh": {}}
    kept = first.path.with_name("go-alone")
    first.path.rename(kept)
    moving = Elsewhere(sluice, source, first, moves=True)
    tarballs = [side for side in others if isinstance(side, Tarball)]
    once = [Elsewhere(side, source, first, moves=True) for side in tarballs]
    once += [Elsewhere(side, source, first, moves=False) for side in [sluice, *others]]
    for number in range(rounds):
        # The very files that go alone knows, where it knows them.
        kept.rename(first.path)
        result["rerun"].append(job(native, first, False))
        first.path.rename(kept)
        for one in [moving] if number else [*once, moving]:
            result["fresh"].setdefault(one.what, []).append(one.job())
            if one is not moving and not one.moves:
                first.path.rename(first.path.with_name(f"{one.side.name}-was-here"))
    if cost_rounds:
        with masked(UMASK):
            result["costs"] = costs(sluice, moving.target, cost_rounds)
    return result


def _verdict(values: list[float], bound: float) -> str:
    return f"{bound:g} {'met' if statistics.median(values) <= bound else 'MISSED'} by the median"


def print_tables(result: dict) -> None:
    print(f"\nBuild, vet and test of a fresh clone, store behind {result['rtt']} and "
          f"{result['mbit']} Mbit/s\n")  # fmt: skip
    print("| program | what | restore, build, vet, test, s | whole job, s | of go alone again "
          "| bound | packages (cached) | failing | MB down |")  # fmt: skip
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, measured in result["programs"].items():
        rows = {f"{side}, the first time": [one] for side, one in measured["seed"].items()}
        rows |= {"go alone, again in place": measured["rerun"], **measured["fresh"]}
        base = statistics.median(one["total"] for one in measured["rerun"])
        for what, jobs in rows.items():
            total = [one["total"] for one in jobs]
            pairs = zip(total, [one["total"] for one in measured["rerun"]])
            ratios = [a / b for a, b in pairs] if len(total) > 1 else [total[0] / base]
            steps = ", ".join(
                f"{statistics.median(one[step] for one in jobs):.2f}" for step in STEPS
            )
            is_bound = what == "sluice, another path"
            cached = sorted({len(one["cached"]) for one in jobs})
            print(
                f"| {name} | {what} | {steps} | {spread(total)} | {spread(ratios)} "
                f"| {_verdict(ratios, K_TIMES_OF_RERUN) if is_bound else ''} "
                f"| {'-'.join(str(count) for count in cached)} "
                f"of {len(jobs[0]['passed']) + len(jobs[0]['failed'])} "
                f"| {len(jobs[0]['failed'])} "
                f"| {statistics.median(one['bytes_down'] for one in jobs) / 1e6:.1f} |"
            )
    for name, measured in result["programs"].items():
        if "costs" in measured:
            _print_costs(name, measured["costs"])


def _print_costs(name: str, measured: dict) -> None:
    took = measured["took"]
    whole = took["all of sluice"]
    print(f"\n{name}, go test ./... of which everything is known: {spread(whole, ' s')}")
    bounds = {"--test-results go": K_COST_OF_CONTENT, "--journal off": K_COST_OF_JOURNAL}
    for off, bound in bounds.items():
        ratios = [a / b for a, b in zip(whole, took[off])]
        cpu = [a / b for a, b in zip(measured["cpu"]["all of sluice"], measured["cpu"][off])]
        print(f"- of {off}: {spread(ratios)}, {_verdict(ratios, bound)}; as CPU time {spread(cpu)}")
    print(f"- sluice why: {spread(measured['why'], ' s')}, {_verdict(measured['why'], K_WHY_S)}")
