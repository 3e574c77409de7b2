"""Advice for other schedulers."""

import json


def test_this_machine(machine, tmp_path):
    m = machine("m", store=None)
    found = json.loads(m.sluice_run("advise", "parallelism", "--json", cwd=tmp_path).ok().stdout)
    assert found["strategy"] == "auto" and found["parallelism"] >= 1
    inputs = found["inputs"]
    assert inputs["cores"] >= 1 and inputs["memory_bytes"] > 0
    assert 0 <= inputs["cpu_share"] <= 1
    assert 0 < inputs["free_memory_bytes"] <= inputs["memory_bytes"]
    line = m.sluice_run("advise", "parallelism", cwd=tmp_path).ok().stdout
    assert " at once (" in line and len(line.splitlines()) == 1


def test_the_classic_rule(machine, tmp_path):
    m = machine("m", store=None)
    words = ("advise", "parallelism", "--json", "--parallel", "threshold", "--memory=32GiB")

    def advised(now: int, cpu: str, free: str, *more: str) -> int:
        run = m.sluice_run(
            *words, f"--now={now}", f"--cpu={cpu}", f"--free-memory={free}", *more, cwd=tmp_path
        ).ok()  # fmt: skip
        return json.loads(run.stdout)["parallelism"]

    assert advised(4, "85%", "3GiB") == 5
    assert advised(4, "86%", "3GiB") == 3
    assert advised(4, "10%", "2047MiB") == 3
    assert advised(1, "99%", "1MiB") == 1
    assert advised(8, "10%", "30GiB", "--slots", "8") == 8


def test_words_that_are_wrong(machine, tmp_path):
    m = machine("m", store=None)
    for words, said in {
        "": "advise: say which: parallelism",
        "speed": "parallelism",
        "parallelism --parallel fast": "advise: --parallel",
        "parallelism --now 0": 'advise: --now: "0" is not a number from 1 to 10000',
        "parallelism --cpu 101%": 'advise: --cpu: "101%" is not a share',
        "parallelism --cores -1": 'advise: --cores: "-1" is not a number of processors',
        "parallelism --task-memory much": 'advise: --task-memory: "much" is not a size',
        "parallelism --memory 1GiB --free-memory 2GiB": "is more than there is",
    }.items():
        run = m.sluice_run("advise", *words.split(), cwd=tmp_path).fails(2)
        assert len(run.stderr.splitlines()) == 1 and run.stdout == "", run.describe()
        assert said in run.stderr, run.describe()
