"""Counting: what the different runners print or write, as one kind of tally."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

_DOCTEST_TOTAL = re.compile(
    r"\[doctest\] test cases:\s*(\d+)\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed\s*\|\s*(\d+) skipped"
)
_DOCTEST_CASE = re.compile(r"^TEST CASE:\s+(.*)$")
_DOCTEST_FAILURE = re.compile(r"^(\S+?\(?\d+\)?): (?:FATAL )?ERROR: (.*)$")
_DOCTEST_MESSAGE = re.compile(r"\bMESSAGE: (.*\bskipped\b.*)$")
REASON_MAX = 160  # of a failure's first line
_REPLAYED = re.compile(r"^replayed (\d+) inputs$", re.MULTILINE)


@dataclass
class Tally:
    """Counts, and every skip and failure by name: nothing is left out silently."""

    passed: int = 0
    failures: list[str] = field(default_factory=list)
    skips: list[str] = field(default_factory=list)
    flaky: list[str] = field(default_factory=list)  # passed in the end, once they ran alone

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.passed + other.passed,
            self.failures + other.failures,
            self.skips + other.skips,
            self.flaky + other.flaky,
        )

    def after_rerun(self, alone: Tally) -> Tally:
        """This run's tally once all that failed in it has run again, alone."""
        still = {title.split(" (")[0] for title in alone.failures}
        names = [(title, title.split(" (")[0]) for title in self.failures]
        if not still <= {name for _, name in names} or alone.passed + len(still) < len(names):
            return self  # not the same tests: what failed stays failed
        flaky = [title for title, name in names if name not in still]
        failures = [title for title, name in names if name in still]
        passed = self.passed + len(flaky)
        return Tally(passed, failures, self.skips, self.flaky + flaky)

    @classmethod
    def of(cls, good: bool, name: str) -> Tally:
        return cls(passed=1) if good else cls(failures=[name])

    def line(self) -> str:
        return f"{self.passed} passed, {len(self.failures)} failed, {len(self.skips)} skipped"


def doctest_tally(name: str, output: str, code: int) -> Tally:
    """A room's test binary. A case that could not run here says so by a MESSAGE with the word
    skipped; it counts as skipped, not as passed."""
    totals = list(_DOCTEST_TOTAL.finditer(output))
    if not totals:
        return Tally(failures=[f"{name}: ended with {code} before its last test"])
    total = totals[-1]
    passed, failed, filtered = (int(total[n]) for n in (2, 3, 4))
    skips = [f"{name}: {filtered} marked doctest::skip"] * filtered
    skipped_cases: dict[str, str] = {}
    failed_cases: dict[str, str] = {}
    case = ""
    for line in output.splitlines():
        if found := _DOCTEST_CASE.match(line):
            case = found[1].strip()
        elif found := _DOCTEST_FAILURE.match(line):
            failed_cases.setdefault(case, f"{Path(found[1]).name}: {found[2].strip()}")
        elif found := _DOCTEST_MESSAGE.search(line):
            skipped_cases.setdefault(case, found[1].strip())
    skips += [f"{name}: {case}: {reason}" for case, reason in skipped_cases.items()]
    failures = [f"{name}: {case} ({reason})" for case, reason in failed_cases.items()][:failed]
    failures += [f"{name}: a test case"] * (failed - len(failures))
    if code != 0 and not failed:
        failures.append(f"{name}: ended with {code} after its last test")
    return Tally(max(passed - len(skipped_cases), 0), failures, skips)


def junit_tally(name: str, report: Path, code: int) -> Tally:
    """pytest's report. Codes 0 and 1 are a finished run; an error outside of a test counts too."""
    try:
        cases = ElementTree.parse(report).getroot().iter("testcase")
    except (OSError, ElementTree.ParseError):
        return Tally(failures=[f"{name}: pytest ended with {code} and no report"])
    tally = Tally()
    for case in cases:
        title = f"{name}: {case.get('classname', '').split('.')[-1]}::{case.get('name')}"
        skipped = case.find("skipped")
        if (reason := _failure_of(case)) is not None:
            tally.failures.append(f"{title} ({reason})" if reason else title)
        elif skipped is not None:
            tally.skips.append(f"{title}: {skipped.get('message', '')}")
        else:
            tally.passed += 1
    if code != 0 and not tally.failures:
        tally.failures.append(f"{name}: pytest ended with {code}")
    return tally


def _failure_of(case: ElementTree.Element) -> str | None:
    """Why a case failed, in a line; none where it did not."""
    for kind in ("failure", "error"):
        if (found := case.find(kind)) is not None:
            lines = found.get("message", "").splitlines()
            return lines[0][:REASON_MAX] if lines else ""
    return None


def failed_nodes(report: Path) -> list[str]:
    """What pytest calls the cases that failed in this report, to run them again."""
    try:
        cases = ElementTree.parse(report).getroot().iter("testcase")
    except (OSError, ElementTree.ParseError):
        return []
    failed = (case for case in cases if _failure_of(case) is not None)
    return [
        f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}" for case in failed
    ]


def slowest(report: Path, count: int = 20, seconds_min: float = 10) -> list[str]:
    """The cases of pytest's report that took longest, a line each, and then the files."""
    try:
        cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return []
    seconds_of: dict[str, float] = {}
    files: dict[str, list[float]] = {}
    for case in cases:
        file = case.get("classname", "").split(".")[-1]
        seconds = float(case.get("time", 0))
        seconds_of[f"{file}::{case.get('name')}"] = seconds
        files.setdefault(file, []).append(seconds)
    for file, times in files.items():
        if len(times) > 1:
            seconds_of[f"{file}, {len(times)} cases"] = sum(times)
    in_order = sorted(seconds_of, key=lambda name: -seconds_of[name])
    shown = [name for name in in_order if seconds_of[name] >= seconds_min]
    single = [name for name in shown if "::" in name][:count]
    whole = [name for name in shown if "::" not in name][:count]
    return [f"{seconds_of[name]:6.1f} s {name}" for name in single + whole]


def replay_count(output: str) -> int | None:
    """How many inputs a replay program says it ran."""
    found = _REPLAYED.search(output)
    return int(found[1]) if found else None
