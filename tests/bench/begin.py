"""What `sluice ci begin` costs a job, on an empty machine, next to one round trip to its store."""

from __future__ import annotations

import statistics
import time

from programs import Target, say, spread
from remote import Sluice

K_BEGIN_MAX_S = 0.150


def measure(target: Target, sluice: Sluice, rtt_s: float, rounds: int) -> dict:
    """A store with the target's results; each round is a job of its own."""
    sluice.new_store()
    sluice.new_machine()
    sluice.run(target, "build", "./...")
    sluice.save(target)
    result: dict = {"rtt_s": rtt_s, "took": {"begin": [], "end": []}}
    for _ in range(rounds):
        sluice.new_machine()
        for what, words in (("begin", ("--shell", "sh")), ("end", ("--json",))):
            started = time.monotonic()
            sluice.machine.sluice_run("ci", what, *words, cwd=target.path).ok()
            result["took"][what].append(time.monotonic() - started)
    say(f"ci begin: {statistics.median(result['took']['begin']):.3f} s")
    return result


def print_tables(result: dict) -> None:
    rtt_s = result["rtt_s"]
    bound_s = K_BEGIN_MAX_S + rtt_s
    is_met = statistics.median(result["took"]["begin"]) <= bound_s
    print(f"\nA job's two lines, nothing between them, store at {rtt_s * 1e3:.0f} ms\n")
    print("| what | ms | bound |")
    print("| --- | --- | --- |")
    for what, took in result["took"].items():
        said = f"at most {bound_s * 1e3:.0f} {'met' if is_met else 'MISSED'}"
        milliseconds = spread([one * 1e3 for one in took])
        print(f"| sluice ci {what} | {milliseconds} | {said if what == 'begin' else ''} |")
