"""The slow steps of `make check`: fuzzing, simulation, clang-tidy on the change and the like."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import build
import house
from steps import Reporter
from test_results import Tally, doctest_tally

FUZZ_SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
FUZZ_MEMORY_MIB = 2048
FUZZ_GRACE_S = 120
GC_WORLDS = int(os.environ.get("GC_WORLDS", "500"))  # of each sort
WORLDS_TIMEOUT_S = 3600
WORLD_CASES = "collectors beside jobs*,nor where *,a world notices*"
TIDY_TIMEOUT_S = 3600
BUILD_TIMEOUT_S = 3600
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git's name for a tree without files


def fuzz(reporter: Reporter) -> Tally:
    """Every target for a minute, from its corpus, which stays as it is; finds go to .cache/fuzz."""
    targets = sorted((house.BUILD / "fuzz").glob("*_fuzz"))
    if not targets:
        return Tally(failures=["fuzz: no target was built"])
    with ThreadPoolExecutor(house.cores()) as pool:
        return sum(pool.map(lambda target: fuzz_one(reporter, target), targets), Tally())


def fuzz_one(reporter: Reporter, target: Path) -> Tally:
    name = target.name.removesuffix("_fuzz")
    finds = house.CACHE / "fuzz" / name
    finds.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sluice-fuzz-") as grown:
        command = [
            target,
            grown,
            house.ROOT / "tests" / "corpus" / name,
            f"-max_total_time={FUZZ_SECONDS}",
            f"-rss_limit_mb={FUZZ_MEMORY_MIB}",
            "-timeout=25",
            "-print_final_stats=1",
            f"-artifact_prefix={finds}/",
        ]
        outcome = reporter.run(command, timeout_s=FUZZ_SECONDS + FUZZ_GRACE_S)
    if outcome.code != 0:
        reporter.show(f"fuzz {name}", outcome)
        return Tally(failures=[f"fuzz {name}: see {finds.relative_to(house.ROOT)}"])
    runs = [line for line in outcome.output.splitlines() if "number_of_executed_units" in line]
    reporter.say(f"{name}: {runs[0].split()[-1] if runs else '?'} runs, nothing found")
    return Tally(passed=1)


def worlds(reporter: Reporter) -> Tally:
    """The simulation of jobs beside collectors, in far more worlds than the unit tests play."""
    command = [house.BUILD / "dev" / "store_test", "--no-colors=true", f"-tc={WORLD_CASES}"]
    env = {**house.environment(), "SLUICE_GC_WORLDS": str(GC_WORLDS)}
    outcome = reporter.run(command, timeout_s=WORLDS_TIMEOUT_S, env=env)
    tally = doctest_tally("worlds", outcome.output, outcome.code)
    if tally.failures:
        reporter.show("worlds", outcome)
    for line in outcome.output.splitlines():
        if " worlds: " in line:
            reporter.say(line.split("MESSAGE: ")[-1])
    if not tally.passed:
        tally.failures.append("worlds: no test ran")
    return Tally(passed=tally.passed, failures=tally.failures)  # the other tests are not skipped


def change_base() -> str:
    """What the change is held against: where it left origin/main, else the commit before."""

    def git(*arguments: str) -> str:
        command = ["git", *arguments]
        out = subprocess.run(command, cwd=house.ROOT, capture_output=True, text=True)
        return out.stdout.strip() if out.returncode == 0 else ""

    head = git("rev-parse", "--verify", "-q", "HEAD")
    fork = git("merge-base", "origin/main", "HEAD")
    if fork and fork != head:
        return fork
    if fork == head and git("status", "--porcelain"):
        return head
    return git("rev-parse", "--verify", "-q", "HEAD~1") or EMPTY_TREE


def clang_tidy_diff(reporter: Reporter) -> Tally:
    """clang-tidy over the lines that the change touches."""
    base = change_base()
    command = ["git", "diff", "-U0", "--no-color", base, "--", "src", "tests"]
    diff = subprocess.run(command, cwd=house.ROOT, capture_output=True, text=True, check=True)
    with tempfile.NamedTemporaryFile("w", suffix=".diff") as change:
        change.write(diff.stdout)
        change.flush()
        arguments = f"-p1 -path build/clang -j {house.cores()} -quiet"
        arguments += r" -iregex '.*\.(cpp|hpp)' -clang-tidy-binary clang-tidy-19"
        script = f'exec clang-tidy-diff-19.py {arguments} < "$1"'
        outcome = reporter.run(
            ["sh", "-c", script, "sh", change.name], timeout_s=TIDY_TIMEOUT_S, echo=is_finding
        )
    if outcome.code != 0:
        reporter.show("clang-tidy", outcome)
    return Tally.of(outcome.code == 0, f"clang-tidy on the change since {base[:12]}")


def is_finding(line: str) -> bool:
    return ": error: " in line or ": warning: " in line


def formatted(reporter: Reporter) -> Tally:
    command = [sys.executable, "tools/format.py", "--check"]
    outcome = reporter.run(command, timeout_s=TIDY_TIMEOUT_S)
    if outcome.code != 0:
        reporter.show("format", outcome)
    return Tally.of(outcome.code == 0, "every C++ file is formatted (make format)")


def reproducible(preset: str) -> Callable[[Reporter], Tally]:
    """The same sources, in another directory, without ccache: the same bytes."""
    return lambda reporter: built_again(reporter, preset)


def built_again(reporter: Reporter, preset: str) -> Tally:
    ours = house.BUILD / preset
    version = cached_version(house.BUILD / "release")
    with tempfile.TemporaryDirectory(prefix="sluice-second-build-") as scratch:
        copy = Path(scratch) / "elsewhere" / "sluice-sources"
        for path in house.git_files():
            target = copy / path.relative_to(house.ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        script = 'cmake --preset "$1" "$2"; ninja -C "build/$1" sluice'
        outcome = reporter.run(
            ["sh", "-ec", script, "sh", preset, f"-DSLUICE_VERSION={version}"],
            timeout_s=BUILD_TIMEOUT_S,
            env={**build.environment(), "CCACHE_DISABLE": "1"},
            cwd=copy,
        )
        if outcome.code != 0:
            reporter.show(f"second build of {preset}", outcome)
            return Tally(failures=[f"reproducible: the second build of {preset} failed"])
        same = (copy / "build" / preset / "sluice").read_bytes() == (ours / "sluice").read_bytes()
    return Tally.of(same, f"two builds of {preset} from the same sources differ")


def cached_version(directory: Path) -> str:
    """The version that the first build reports: git's answer differs in a copy without history."""
    out = subprocess.run([str(directory / "sluice"), "version"], capture_output=True, text=True)
    return out.stdout.split()[1] if out.returncode == 0 else ""
