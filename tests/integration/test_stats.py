"""`sluice stats` and `sluice report`: numbers that come from the journal, agree with what the
commands said, and stand where a CI system shows them.
"""

import json
import os
import re
import time

from conftest import write_library
from sluice_harness import github

K_DAY_S = 24 * 3600
K_LIBRARY_PACKAGES = 8
METRIC = re.compile(
    r"([a-zA-Z_:][a-zA-Z0-9_:]*)"
    r'(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? '
    r"(-?[0-9.e+-]+|\+Inf|NaN)"
)
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')


def parse_metrics(text: str, openmetrics: bool = False) -> dict:
    """(name, labels) -> value; strict: an undeclared name, a second declaration, a sample outside
    of its family, or anything else that the formats do not have fails.
    """
    lines = text.split("\n")
    assert lines.pop() == "", "the last line has no end"
    if openmetrics:
        assert lines.pop() == "# EOF"
    samples, types, family = {}, {}, None
    for line in lines:
        if line.startswith("# HELP "):
            family = line.split(" ")[2]
            assert family not in types, line
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == family and kind in {"counter", "gauge", "histogram"}, line
            types[name] = kind
            continue
        found = METRIC.fullmatch(line)
        assert found, line
        name, labels, value = found.group(1), found.group(2) or "", float(found.group(3))
        endings = {
            "counter": ["_total"] if openmetrics else [""],
            "gauge": [""],
            "histogram": ["_bucket", "_sum", "_count"],
        }[types[family]]
        assert name in [family + ending for ending in endings], line
        if types[family] == "counter":
            assert name.endswith("_total") and value >= 0, line
        key = (name, tuple(sorted(LABEL.findall(labels))))
        assert key not in samples, line
        samples[key] = value
    for name, kind in types.items():
        if kind != "histogram":
            continue
        buckets = [(k, v) for k, v in samples.items() if k[0] == name + "_bucket"]
        counts = [v for _, v in buckets]
        assert counts == sorted(counts) and buckets[-1][0][1] == (("le", "+Inf"),), buckets
        assert counts[-1] == samples[name + "_count", ()]
    return samples


def check_markdown(text: str) -> None:
    """Every table has as many cells in each row as in its head."""
    width = 0
    for line in text.splitlines():
        if not line.startswith("|"):
            width = 0
            continue
        assert line.endswith("|"), line
        cells = len(re.findall(r"(?<!\\)\|", line)) - 1
        assert width in (0, cells), line
        width = cells
    assert text.count("`") % 2 == 0


def stats(machine, *words: str, **options) -> dict:
    return json.loads(
        machine.sluice_run("stats", *words, "--format", "json", **options).ok().stdout
    )


def check_agrees(numbers: dict, *summaries: dict) -> None:
    """What the journal has is what the summary lines said, to the last lookup."""
    for field in ("lookups", "hits_local", "hits_remote", "misses"):
        assert all(field in summary for summary in summaries)

    def total(field: str) -> int:
        return sum(summary[field] for summary in summaries)

    assert numbers["lookups"] == total("lookups"), numbers
    assert numbers["hits"] == total("hits_local") + total("hits_remote")
    assert numbers["missed"] == total("misses") == numbers["invalidations_total"]
    assert numbers["reused"] == total("tests_reused")
    assert numbers["lookups_not_in_journal"] == 0
    assert sum(numbers["invalidations_by_reason"].values()) == numbers["invalidations_total"]
    assert sum(kind["lookups"] for kind in numbers["by_kind"].values()) == numbers["lookups"]
    assert sum(scope["hits"] for scope in numbers["by_scope"].values()) == numbers["hits"]
    down = numbers["transfers"].get("down", {"bytes": 0})["bytes"]
    assert down == total("bytes_down")


def test_second_machine(machine, library, tmp_path):
    """What a new machine was given, what that saved, and the same numbers in every form."""
    first = machine("first", store=tmp_path / "store")
    first.go("build", "./...", cwd=library).ok()
    first.wait_uploads(cwd=library)
    first.stop()
    m = machine("second", store=tmp_path / "store")
    run = m.go("build", "./...", cwd=library).ok()
    numbers = stats(m, cwd=library)
    check_agrees(numbers, run.summary)
    assert numbers["hit_rate"] == numbers["hits"] / numbers["lookups"]
    archives = numbers["by_kind"]["archive"]
    assert archives["hit_rate"] == 1.0 and archives["hits"] == K_LIBRARY_PACKAGES, numbers
    compile_time = numbers["time_saved"]["compile"]
    assert compile_time["of"] == archives["hits"]
    assert 0 < compile_time["counted"] <= compile_time["of"]
    assert 0 < compile_time["seconds"] == compile_time["made_elsewhere_seconds"]
    assert numbers["time_saved"]["seconds"] == compile_time["seconds"]
    assert compile_time["counted"] == compile_time["of"] and numbers["excluded"] == []
    # All of it came by way of the index.
    assert "not-known" not in numbers["by_scope"], numbers["by_scope"]

    text = m.sluice_run("stats", cwd=library).ok()
    assert text.stderr == ""
    rate = re.search(r"^hit rate +([\d.]+) %, (\d+) of (\d+) lookups", text.stdout, re.M)
    assert int(rate[2]) == numbers["hits"] and int(rate[3]) == numbers["lookups"]
    assert float(rate[1]) <= 100 * numbers["hit_rate"] < float(rate[1]) + 0.1
    assert f"by {compile_time['counted']} of {compile_time['of']} packages given" in text.stdout
    assert "it is not wall time" in text.stdout

    for form in ("prometheus", "openmetrics"):
        out = m.sluice_run("stats", "--format", form, cwd=library).ok().stdout
        samples = parse_metrics(out, form == "openmetrics")
        assert samples["invalidations_total", ()] == numbers["missed"]
        by_reason = {k[1][0][1]: v for k, v in samples.items() if k[0] == "invalidations_by_reason"}
        assert by_reason == numbers["invalidations_by_reason"]
        assert {"ttl", "evict", "manual"} <= set(by_reason)
        lookups = [v for k, v in samples.items() if k[0] == "sluice_lookups_total"]
        assert sum(lookups) == numbers["lookups"]
    check_markdown(m.sluice_run("stats", "--format", "markdown", cwd=library).ok().stdout)


def test_what_an_earlier_job_compiled(machine, library, tmp_path):
    """A store is given results of its machine's earlier jobs, with what they were made from."""
    first = machine("first", store=tmp_path / "store")
    first.go("build", "./...", cwd=library).ok()
    first.sluice_run("agent", "stop", cwd=library).ok()
    first.env["SLUICE_STORE"] = (tmp_path / "later").as_uri()
    assert first.go("build", "./...", cwd=library).ok().summary["misses"] <= 1
    first.wait_uploads(cwd=library)
    first.stop()
    m = machine("second", store=tmp_path / "later")
    m.go("build", "./...", cwd=library).ok()
    compile_time = stats(m, cwd=library)["time_saved"]["compile"]
    assert compile_time["counted"] == compile_time["of"] == K_LIBRARY_PACKAGES, compile_time
    assert compile_time["seconds"] > 0


def test_tests_that_leave_no_result_are_counted(machine, library_store, tmp_path):
    """-count=1, or a failure: they ran, and nobody knows how long."""
    root = tmp_path / "work"
    root.mkdir()
    (root / "go.mod").write_text("module example.com/one\n\ngo 1.24\n")
    test = 'package one\n\nimport "testing"\n\nfunc Test(t *testing.T) {{ {} }}\n'
    m = machine("second", store=library_store)
    for body, words, code in (("", ("-count=1",), 0), ("t.Fatal()", (), 1)):
        (root / "one_test.go").write_text(test.format(body))
        assert m.go("test", *words, ".", cwd=root).code == code
        spent = stats(m, cwd=root)["time_spent"]["test"]
        assert spent["of"] == 1 and spent["counted"] == 0, spent


def test_what_nobody_timed_is_not_counted(machine, library_store, library):
    """The first machine's build was one that sluice leaves alone (-x): nothing is known of what
    its packages cost, and that is said instead of guessed.
    """
    m = machine("second", store=library_store)
    m.go("build", "./...", cwd=library).ok()
    numbers = stats(m, cwd=library)
    compile_time = numbers["time_saved"]["compile"]
    assert compile_time["of"] == K_LIBRARY_PACKAGES and compile_time["counted"] == 0
    assert numbers["time_saved"]["seconds"] == 0
    assert numbers["excluded"] == [
        "what 8 packages given without a recorded duration saved"
    ]
    assert "0.00 s by 0 of 8 packages given" in m.sluice_run("stats", cwd=library).ok().stdout


def test_a_job_of_several_commands(machine, filled_store, checkout):
    """A CI job that builds, vets and tests: links and test results count, too, and so does the
    waiting of all its commands.
    """
    m = machine("second", store=filled_store)
    env = github()
    build = ("build", "-o", str(m.root / "shop"), "./cmd/shop")
    commands = [build, ("vet", "./..."), ("test", "./...")]
    runs = [m.go(*words, cwd=checkout, env=env).ok() for words in commands]
    numbers = stats(m, cwd=checkout, env=env)
    check_agrees(numbers, *(run.summary for run in runs))
    assert numbers["commands"] == 3 and numbers["job"]["ci"] == "github"
    tests = numbers["time_saved"]["test"]
    assert tests["of"] == runs[2].stdout.count("(cached)") > 0
    assert tests["counted"] > 0 and tests["seconds"] > 0, tests
    links = numbers["time_spent"]["link"]
    assert links["of"] == links["counted"] > 0 and links["seconds"] > 0
    waited_ms = sum(run.summary["wait_ms"] for run in runs)
    # Sessions also wait for what they ask for by themselves.
    assert 0 < numbers["waits"]["seconds"] * 1000 < waited_ms + len(runs)
    assert numbers["by_kind"]["test-output"]["hits"] > 0, numbers["by_kind"]


def test_cold_and_warm_on_one_machine(machine, library):
    """A cold build has misses and no savings, a warm one is given all that it asks for but what no
    cache has; both by the numbers of their summary lines.
    """
    m = machine("m")
    m.env["SLUICE_NO_REMOTE"] = "1"
    cold = m.go("build", "./...", cwd=library).ok()
    numbers = stats(m, cwd=library)
    check_agrees(numbers, cold.summary)
    assert numbers["time_saved"]["seconds"] == 0
    assert numbers["time_spent"]["compile"]["counted"] == K_LIBRARY_PACKAGES
    assert numbers["invalidations_by_reason"]["never-seen"] == numbers["missed"] > 0
    warm = m.go("build", "./...", cwd=library).ok()
    numbers = stats(m, cwd=library)
    check_agrees(numbers, warm.summary)
    assert numbers["by_kind"]["archive"]["hit_rate"] == 1.0
    assert numbers["time_saved"]["compile"]["counted"] == K_LIBRARY_PACKAGES
    assert numbers["time_saved"]["compile"]["made_elsewhere_seconds"] == 0
    assert len(numbers["last"]["jobs"]) == 2
    assert len(stats(m, "--last", "1", cwd=library)["last"]["jobs"]) == 1
    # An earlier job by its name, which ends before the second had begun.
    first = numbers["last"]["jobs"][1]["uid"]
    assert stats(m, "--job", first, cwd=library)["missed"] == cold.summary["misses"]


def test_misses_count_under_what_was_changed(machine, tmp_path):
    """One edited file: one package under `file`, those that import it under `upstream`."""
    root = write_library(tmp_path / "library")
    m = machine("m")
    m.env["SLUICE_NO_REMOTE"] = "1"
    m.go("build", "./...", cwd=root).ok()
    before = time.time() - 60
    edited = root / "p5" / "p5.go"
    edited.write_text(edited.read_text() + "\nfunc More() {}\n")
    os.utime(edited, (before, before))
    run = m.go("build", "./...", cwd=root).ok()
    numbers = stats(m, cwd=root)
    check_agrees(numbers, run.summary)
    by_reason = numbers["invalidations_by_reason"]
    assert by_reason["file"] == 1 and by_reason["upstream"] == 2, numbers["misses"]
    report = m.sluice_run("report", cwd=root).ok().stdout
    check_markdown(report)
    assert "| `example.com/library/p5`: `p5.go changed` |" in report, report
    assert "| 2 | `upstream` | archive | compiled because a package" in report, report


def test_why_results_were_missing(machine, library):
    """Entries that `sluice gc` removed for their age or for the size, and those that somebody else
    removed, are told apart from those that never were there.
    """
    m = machine("m")
    m.env["SLUICE_NO_REMOTE"] = "1"

    def reasons() -> dict:
        m.go("build", "./...", cwd=library).ok()
        found = stats(m, cwd=library)["misses"]
        return {one["reason"]: one["count"] for one in found if one["kind"] == "archive"}

    assert reasons() == {"never-seen": K_LIBRARY_PACKAGES}
    assert reasons() == {}
    old = time.time() - 3 * K_DAY_S
    for path in m.gocache.glob("??/*-[ad]"):
        os.utime(path, (old, old))
    m.sluice_run("gc", "--max-age", "2d", cwd=library).ok()
    assert reasons() == {"ttl": K_LIBRARY_PACKAGES}
    m.sluice_run("gc", "--max-size", "0", "--force", "--dry-run", cwd=library).ok()
    assert reasons() == {}
    m.sluice_run("gc", "--max-size", "0", "--force", cwd=library).ok()
    assert reasons() == {"evict": K_LIBRARY_PACKAGES}
    m.plain_go("clean", "-cache", cwd=library).ok()
    assert reasons() == {"manual": K_LIBRARY_PACKAGES}


def test_a_store_that_brings_nothing(machine, library_store, library):
    """What the index has and the store does not bring is the store's fault, not a new result."""
    for path in library_store.rglob("*"):
        if path.is_file() and path.parent.parent.name in ("packs", "blobs"):
            path.unlink()
    m = machine("m", store=library_store)
    run = m.go("build", "./...", cwd=library).ok()
    numbers = stats(m, cwd=library)
    check_agrees(numbers, run.summary)
    causes = {(one["reason"], one["kind"]): one["count"] for one in numbers["misses"]}
    assert causes["remote-error", "archive"] == K_LIBRARY_PACKAGES, numbers


def test_report_of_ci_jobs(machine, library_store, library, tmp_path):
    """The summary is added once where GitHub shows it, and compares with the jobs before it."""
    m = machine("m", store=library_store)
    page = tmp_path / "summary.md"
    page.write_text("from another step\n")
    texts = []
    for run_id in ("1001", "1002"):
        env = {**github(), "GITHUB_RUN_ID": run_id, "GITHUB_STEP_SUMMARY": str(page)}
        m.go("build", "./...", cwd=library, env=env).ok()
        before = page.read_text()
        run = m.sluice_run("report", cwd=library, env=env).ok()
        assert run.stdout == "" and run.stderr == "", run.describe()
        assert page.read_text().startswith(before)
        texts.append(page.read_text()[len(before) :])
        m.sluice_run("agent", "stop", cwd=library, env=env).ok()
    assert page.read_text().count("### sluice: ") == 2
    check_markdown(page.read_text())
    assert "nothing to compare with" in texts[0]
    assert "Against the last 1 job before it" in texts[1]
    assert re.search(r"^\| hit rate \| [\d.]+ % \| [\d.]+ % \| 1 \| .+ \|$", texts[1], re.M)
    assert re.search(r"^\| time \| [\d.]+ s \| [\d.]+ s \| 1 \| .* \|$", texts[1], re.M)
    # GitLab's artifact, and nothing set at all.
    env = {**github(), "GITHUB_RUN_ID": "1002"}
    m.sluice_run("report", "--file", "out.md", cwd=tmp_path, env=env).ok()
    printed = m.sluice_run("report", cwd=library, env=env).ok().stdout
    assert printed == (tmp_path / "out.md").read_text() == texts[1].lstrip("\n")
    # A job that has run nothing is not another job's.
    run = m.sluice_run("stats", cwd=library, env={**env, "GITHUB_RUN_ID": "9"}).fails(1)
    assert "has run nothing with sluice yet" in run.stderr


def test_bad_input(machine, library, tmp_path):
    m = machine("m", store=tmp_path / "store")
    run = m.sluice_run("stats", cwd=library).fails(1)
    assert run.stderr.startswith("sluice: stats: no journal yet in "), run.stderr
    assert run.stderr.count("\n") == 1 and run.stdout == ""
    assert not (m.cache / "sluice").exists()
    off = m.sluice_run("report", cwd=library, env={"SLUICE_JOURNAL": "off"}).fails(1)
    assert off.stderr == "sluice: report: the journal is switched off (SLUICE_JOURNAL)\n"
    m.go("build", "./p0", cwd=library).ok()
    for words, said in (
        (("stats", "--job", "nothing"), "no job nothing in the journal; the last ones are 1 ("),
        (("report", "--job", "0"), "no job 0 in the journal"),
        (("stats", "--format", "xml"), "markdown"),
        (("stats", "--last", "0"), "from 1 to 1000"),
        (("stats", "more"), "more"),
        (("report", "--file", str(tmp_path / "no" / "where.md")), "no directory"),
        (("report", "--file", str(tmp_path)), "is a directory"),
        (("report", "--file", ""), "--file"),
    ):
        run = m.sluice_run(*words, cwd=library).fails(2)
        assert said in run.stderr and run.stderr.count("\n") == 1, run.stderr
        assert run.stdout == ""


def test_a_failed_command_is_no_time_to_compare(machine, tmp_path):
    m = machine("m", store=tmp_path / "store")
    root = write_library(tmp_path / "broken")
    (root / "p1" / "p1.go").write_text("package p1\n\nvar Text = 1 +\n")
    for _ in range(2):
        m.go("build", "./...", cwd=root).fails(1)
    numbers = stats(m, cwd=root)
    assert numbers["commands_failed"] == 1
    assert [job["wall_seconds"] for job in numbers["last"]["jobs"]] == [None, None]
    report = m.sluice_run("report", cwd=root).ok().stdout
    assert "| hit rate |" in report and "| time |" not in report
    assert "which left no result: it failed" in report
    assert "Its time is not compared: a command of this job failed" in report
