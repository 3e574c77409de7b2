#!/usr/bin/env python3
"""Runs the tests: `make test`, and with --all the slow ones of `make check`.

    tools/run_tests.py [--all] [--only STEP]...

The last line is `N passed, N failed, N skipped` over everything: unit test cases, integration
tests, replayed inputs, house checks. Skips and failures are named above it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import binary_check
import check_steps
import house
import tidy
from steps import Reporter, Step, run_lanes, summarise
from test_results import (
    Tally,
    doctest_tally,
    failed_nodes,
    junit_tally,
    replay_count,
    slowest,
)

BUILD_TIMEOUT_S = 3600
UNIT_TIMEOUT_S = 300
REPLAY_TIMEOUT_S = 120
PYTEST_TIMEOUT_S = 2400
RERUN_MAX = 3  # where more fail, it is not the machine
WORKERS_MAX = 8
BESIDE = 5  # niceness of what runs beside the integration tests


def build_step(preset: str, *targets: str):
    """Builds a preset; counts nothing when it works."""

    def run(reporter: Reporter) -> Tally:
        command = [sys.executable, house.ROOT / "tools" / "build.py", preset, *targets]
        outcome = reporter.run(command, timeout_s=BUILD_TIMEOUT_S)
        if outcome.code != 0:
            reporter.show(f"build {preset}", outcome)
            return Tally(failures=[f"build of preset {preset}"])
        return Tally()

    return run


def unit_step(preset: str):
    """Every room's test binary of a preset."""

    def run(reporter: Reporter) -> Tally:
        tally = Tally()
        for binary in sorted((house.BUILD / preset).glob("*_test")):
            room = binary.name.removesuffix("_test")
            outcome = reporter.run([binary, "--no-colors=true"], timeout_s=UNIT_TIMEOUT_S)
            found = doctest_tally(f"{preset} {room}", outcome.output, outcome.code)
            if found.failures:
                reporter.show(f"{preset} {binary.name}", outcome)
            reporter.say(f"{room}: {found.line()} ({outcome.seconds:.1f} s)")
            tally += found
        return tally if tally.passed else tally + Tally(failures=[f"{preset}: no unit test ran"])

    return run


def replay_step(preset: str):
    """Every corpus through its fuzz target. A crash is followed by one run an input, to name it."""

    def run(reporter: Reporter) -> Tally:
        tally = Tally()
        for binary in sorted((house.BUILD / preset).glob("*_replay")):
            tally += replay(reporter, binary, preset)
        return tally if tally.passed else tally + Tally(failures=[f"{preset}: no input replayed"])

    return run


def replay(reporter: Reporter, binary: Path, preset: str) -> Tally:
    name = binary.name.removesuffix("_replay")
    corpus = house.ROOT / "tests" / "corpus" / name
    outcome = reporter.run([binary, corpus], timeout_s=REPLAY_TIMEOUT_S)
    count = replay_count(outcome.output)
    if outcome.code == 0 and count:
        reporter.say(f"{name}: {count} inputs")
        return Tally(passed=count)
    tally = Tally()
    for path in sorted(path for path in corpus.rglob("*") if path.is_file()):
        single = reporter.run([binary, path], timeout_s=REPLAY_TIMEOUT_S)
        title = f"{preset} replay of {path.relative_to(house.ROOT)}"
        if single.code != 0:
            reporter.show(title, single)
        tally += Tally.of(single.code == 0, title)
    if not tally.failures:
        reporter.show(f"{preset} replay of {name}", outcome)
        tally.failures.append(f"{preset} replay of {name}: exit {outcome.code}")
    return tally


def pytest_step(directory: str, *options: str, workers: int, timeout_s: int = PYTEST_TIMEOUT_S):
    """A directory of pytest tests, in parallel, each result said as it comes. A few that fail
    beside others run once more, alone: what passes then counts, and is named as flaky."""

    def run(reporter: Reporter) -> Tally:
        parallel = ["-n", str(workers), "--dist", "loadgroup"] if workers > 1 else []
        tally, failed = run_pytest(reporter, "", [directory, *options, *parallel], timeout_s)
        if workers > 1 and 0 < len(failed) == len(tally.failures) <= RERUN_MAX:
            alone, _ = run_pytest(reporter, " alone", [*failed, *options], timeout_s)
            tally = tally.after_rerun(alone)
        return tally

    return run


def run_pytest(
    reporter: Reporter, title: str, words: list[str], timeout_s: int
) -> tuple[Tally, list[str]]:
    """What came of it, and the cases that failed as pytest calls them."""
    with tempfile.TemporaryDirectory(prefix="sluice-report-") as scratch:
        report = Path(scratch) / "report.xml"
        command = [house.test_python(), "-m", "pytest", *words, "-v", "-rN", "--tb=short"]
        command += ["-p", "no:cacheprovider", "--color=no", f"--junitxml={report}"]
        env = {**house.environment(), "SLUICE_BIN": str(house.BINARY)}
        outcome = reporter.run(command, timeout_s=timeout_s, env=env, echo=is_result)
        tally = junit_tally(reporter.name, report, outcome.code)
        for line in slowest(report):
            reporter.say(line)
        failed = failed_nodes(report)
    if tally.failures:
        reporter.show(reporter.name + title, outcome)
    return tally, failed


def is_result(line: str) -> bool:
    """The lines of pytest that are worth a reader's time while it runs."""
    return any(word in line for word in (" FAILED", " ERROR", " SKIPPED")) or (
        "PASSED" in line and "tests/integration" in line
    )


def house_step(reporter: Reporter) -> Tally:
    tally = Tally()
    for name, findings in tidy.run_checks(house.ROOT).items():
        if findings:
            reporter.say(f"FAILED house check {name}")
            reporter.say("\n".join(f"  {finding}" for finding in findings))
        tally += Tally.of(not findings, f"house check {name}: {len(findings)} findings")
    return tally


def headers_step(preset: str):
    def run(reporter: Reporter) -> Tally:
        built = build_step(preset, "headers_self_contained")(reporter)
        return Tally.of(not built.failures, f"{preset}: headers are self-contained")

    return run


def binary_step(reporter: Reporter) -> Tally:
    tally = Tally()
    for name, problem in binary_check.check(house.BINARY).items():
        if problem:
            reporter.say(f"FAILED {name}: {problem}")
        tally += Tally.of(problem is None, f"release binary: {name}")
    return tally


def lanes_of_test(workers: int) -> list[list[Step]]:
    """The release is built first, with the whole machine; while the integration tests drive it, the
    debug build and its tests go on beside, politely."""
    return [
        [
            Step("house", house_step),
            Step("tools", pytest_step("tools/tests", workers=1)),
        ],
        [
            Step("release", build_step("release")),
            Step("binary", binary_step, after=("release",)),
            Step(
                "integration",
                pytest_step("tests/integration", workers=workers),
                after=("release",),
            ),
        ],
        [
            Step("dev", build_step("dev"), after=("release",), nice=BESIDE),
            Step("unit", unit_step("dev"), after=("dev",), nice=BESIDE),
            Step("replay", replay_step("dev"), after=("dev",), nice=BESIDE),
            Step("headers", headers_step("dev"), nice=BESIDE),
        ],
    ]


def lanes_of_check(workers: int) -> list[list[Step]]:
    """The lanes of the test, and behind them what is slow: the matrix on the binary's lane, other
    compilers and sanitizers on the debug lane."""
    lanes = lanes_of_test(workers)
    arm64 = "release-arm64"
    lanes[1] += [
        Step(arm64, build_step(arm64), after=("release",)),
        Step(
            "matrix",
            pytest_step("tests/integration", "-m", "matrix", workers=workers, timeout_s=7200),
            after=("release", arm64),
        ),
        Step("reproducible", check_steps.reproducible("release"), after=("release",)),
        Step("reproducible-arm64", check_steps.reproducible(arm64), after=(arm64,)),
    ]
    for preset in ("clang", "asan", "tsan"):
        lanes[2].append(Step(preset, build_step(preset), nice=BESIDE))
        lanes[2].append(Step(f"{preset}-unit", unit_step(preset), after=(preset,), nice=BESIDE))
        if preset != "tsan":
            name = f"{preset}-replay"
            lanes[2].append(Step(name, replay_step(preset), after=(preset,), nice=BESIDE))
    lanes[2] += [
        Step("worlds", check_steps.worlds, after=("dev",), nice=BESIDE),
        Step("clang-headers", headers_step("clang"), after=("clang",), nice=BESIDE),
        Step("clang-tidy", check_steps.clang_tidy_diff, after=("clang",), nice=BESIDE),
        Step("format", check_steps.formatted, nice=BESIDE),
        Step("fuzz-build", build_step("fuzz"), nice=BESIDE),
        Step("fuzz", check_steps.fuzz, after=("fuzz-build",), nice=BESIDE),
    ]
    return lanes


def picked(lanes: list[list[Step]], names: list[str]) -> list[list[Step]]:
    """Only these steps; what they come after is taken as done."""
    chosen = [[step for step in lane if step.name in names] for lane in lanes]
    for step in (step for lane in chosen for step in lane):
        step.after = tuple(name for name in step.after if name in names)
    return [lane for lane in chosen if lane]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="the slow ones too")
    parser.add_argument("--only", action="append", metavar="STEP", help="just this step")
    arguments = parser.parse_args()
    workers = min(house.cores() + 1, WORKERS_MAX)  # some tests wait
    lanes = lanes_of_check(workers) if arguments.all else lanes_of_test(workers)
    if arguments.only:
        names = {step.name for lane in lanes for step in lane}
        if unknown := sorted(set(arguments.only) - names):
            parser.error(f"no step {', '.join(unknown)}; there are {', '.join(sorted(names))}")
        lanes = picked(lanes, arguments.only)
    if house.test_python() is None:
        house.fail("pytest is missing: run tools/bootstrap.py test")
    os.chdir(house.ROOT)
    sys.exit(summarise(run_lanes(lanes)))


if __name__ == "__main__":
    main()
