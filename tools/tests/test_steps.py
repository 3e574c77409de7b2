"""Lanes, bounds and the last line."""

import sys
import time

import steps
from steps import Reporter, Step, run_lanes, summarise
from test_results import Tally


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_command_runs_to_its_end():
    outcome = Reporter("t", 0).run(python("print('hello'); raise SystemExit(3)"), timeout_s=60)
    assert (outcome.code, outcome.output) == (3, "hello\n")


def test_a_command_that_hangs_is_ended_with_all_it_started():
    code = "import subprocess; subprocess.run(['sleep', '60'])"
    started = time.monotonic()
    outcome = Reporter("t", 0).run(python(code), timeout_s=1)
    assert outcome.code != 0
    assert "stopped after 1 s" in outcome.output
    assert time.monotonic() - started < 30


def test_lanes_wait_for_one_another_and_name_what_did_not_run():
    order = []

    def work(name, good=True):
        def run(_reporter):
            order.append(name)
            return Tally.of(good, name)

        return run

    lanes = [
        [Step("a", work("a", good=False)), Step("b", work("b"))],
        [Step("c", work("c"), after=("b",)), Step("d", work("d"), after=("a",))],
    ]
    done = run_lanes(lanes)
    assert order == ["a", "b", "c"]
    assert [step.good for step in done] == [False, True, True, False]
    assert done[3].tally.failures == ["d: not run, because a failed"]


def test_a_step_that_breaks_counts_as_failed():
    def broken(_reporter):
        raise ValueError("no")

    [step] = run_lanes([[Step("a", broken)]])
    assert step.tally.failures == ["a: ValueError: no"]


def test_the_last_line_counts_everything(capsys):
    one = Step("one", None, tally=Tally(2, [], ["x: needs root"]))
    two = Step("two", None, tally=Tally(1, ["y"], []))
    assert summarise([one]) == 0
    assert summarise([one, two]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "3 passed, 1 failed, 1 skipped"
    assert "  skipped x: needs root" in lines
    assert "  FAILED y" in lines


def test_a_failure_is_shown_and_kept(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(steps, "LOGS", tmp_path / "log")
    monkeypatch.setattr(steps.house, "ROOT", tmp_path)
    Reporter("t", 0).show("unit sys", steps.Outcome(1, "why\n", 0.5))
    assert "why" in capsys.readouterr().out
    assert (tmp_path / "log" / "unit-sys.log").read_text() == "why\n"
