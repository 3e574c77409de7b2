"""Steps of a test run: commands with bounds, lanes side by side, and what is said meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import house
from test_results import Tally

PROGRESS_EVERY_S = 10
OUTPUT_LINES_MAX = 400  # of a failed command; the log under build/log has all of it
LOGS = house.BUILD / "log"


@dataclass
class Outcome:
    code: int
    output: str
    seconds: float


class Reporter:
    """Speaks for one step: every line carries its name, so that steps may run side by side."""

    _lock = threading.Lock()
    _running: set[subprocess.Popen] = set()

    def __init__(self, name: str, nice: int):
        self.name = name
        self.nice = nice

    def say(self, text: str) -> None:
        with self._lock:
            for line in text.splitlines():
                print(f"{self.name:<12}| {line}", flush=True)

    def run(
        self,
        command: list[str | Path],
        *,
        timeout_s: float,
        env: dict[str, str] | None = None,
        cwd: Path = house.ROOT,
        echo: Callable[[str], bool] | None = None,
    ) -> Outcome:
        """Runs to the end or to the timeout; then its process group is gone. Lines that `echo`
        picks are said at once; of the others the newest, now and then."""
        started = time.monotonic()
        process = subprocess.Popen(
            ["nice", "-n", str(self.nice), *map(str, command)],
            cwd=cwd,
            env=env or house.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._running.add(process)
        watch = threading.Timer(timeout_s, _kill_group, [process])
        watch.start()
        try:
            lines = self._follow(process, echo)
            code = process.wait()
        finally:
            timed_out = watch.finished.is_set()
            watch.cancel()
            _kill_group(process)
            self._running.discard(process)
        if timed_out:
            lines.append(f"stopped after {timeout_s:.0f} s\n")
        return Outcome(code, "".join(lines), time.monotonic() - started)

    def _follow(self, process: subprocess.Popen, echo: Callable[[str], bool] | None) -> list[str]:
        lines: list[str] = []
        said = time.monotonic()
        for line in process.stdout:
            lines.append(line)
            if echo is not None and echo(line):
                self.say(line)
                said = time.monotonic()
            elif time.monotonic() - said > PROGRESS_EVERY_S and line.strip():
                self.say(line[:200])
                said = time.monotonic()
        return lines

    def show(self, what: str, outcome: Outcome) -> None:
        """A failure with its output, and where all of it is."""
        LOGS.mkdir(parents=True, exist_ok=True)
        log = LOGS / f"{what.replace('/', '-').replace(' ', '-')}.log"
        log.write_text(outcome.output)
        lines = outcome.output.splitlines()
        self.say(f"FAILED {what} (exit {outcome.code}, {outcome.seconds:.1f} s)")
        self.say("\n".join(lines[-OUTPUT_LINES_MAX:]))
        self.say(f"all of it: {log.relative_to(house.ROOT)}")

    @classmethod
    def stop_all(cls) -> None:
        for process in list(cls._running):
            _kill_group(process)


def _kill_group(process: subprocess.Popen) -> None:
    """The command leads a session of its own; what it left running in it ends here."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@dataclass
class Step:
    """One piece of a run. It starts when those named in `after` have ended well."""

    name: str
    run: Callable[[Reporter], Tally]
    after: tuple[str, ...] = ()
    nice: int = 0
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def good(self) -> bool:
        return not self.tally.failures


def run_lane(lane: list[Step], known: dict[str, Step]) -> None:
    for step in lane:
        reporter = Reporter(step.name, step.nice)
        for name in step.after:
            known[name].done.wait()
        broken = [name for name in step.after if not known[name].good]
        started = time.monotonic()
        if broken:
            step.tally = Tally(failures=[f"{step.name}: not run, because {broken[0]} failed"])
        else:
            try:
                step.tally = step.run(reporter)
            except Exception as error:  # a broken step must not end the run unseen
                step.tally = Tally(failures=[f"{step.name}: {type(error).__name__}: {error}"])
        step.seconds = time.monotonic() - started
        reporter.say(f"{step.tally.line()} ({step.seconds:.1f} s)")
        step.done.set()


def run_lanes(lanes: list[list[Step]]) -> list[Step]:
    """Lanes side by side, the steps of one lane after each other."""
    steps = [step for lane in lanes for step in lane]
    known = {step.name: step for step in steps}
    threads = [threading.Thread(target=run_lane, args=(lane, known), daemon=True) for lane in lanes]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        Reporter.stop_all()
        raise SystemExit(130) from None
    return steps


def summarise(steps: list[Step]) -> int:
    """The table of steps, every skip and failure by name, and the one line at the end."""
    total = sum((step.tally for step in steps), Tally())
    house.say("")
    for step in steps:
        house.say(f"  {step.name:<14}{step.seconds:8.1f} s   {step.tally.line()}")
    for title, names in (
        ("skipped", total.skips),
        ("FLAKY, passed alone:", total.flaky),
        ("FAILED", total.failures),
    ):
        if names:
            house.say("")
            for name in names:
                house.say(f"  {title} {name}")
    house.say("")
    house.say(total.line())
    return 1 if total.failures else 0
