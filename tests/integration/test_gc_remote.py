"""`sluice gc remote`: a store loses what nobody needs, and nothing else, beside running jobs."""

import json
import shutil
import threading
import time

import pytest
from sluice_harness import fresh_checkout, github


K_CLOCK_S = 1.1  # S3 says whole seconds: two marks within one are one


class Team:
    """Jobs of one repository, and who collects their store."""

    def __init__(self, machine, tmp_path, tiny, env):
        self.machine = machine
        self.root = tmp_path
        self.tiny = tiny
        self.env = env
        self.keeper = machine("keeper", store=None)
        self.jobs = 0

    def job(self, text: str = "", **ci):
        """A fresh machine builds its own checkout, in which one file has this text."""
        self.jobs += 1
        m = self.machine(f"job{self.jobs}", store=None)
        checkout = fresh_checkout(self.tiny, self.root / f"checkout{self.jobs}")
        if text:
            (checkout / "added.go").write_text(f'package main\n\nvar added = "{text}"\n')
        env = {**self.env, **github(event_path=self.root / f"event{self.jobs}", **ci)}
        run = m.go("build", "-o", str(m.root / "out"), ".", cwd=checkout, env=env).ok()
        m.wait_uploads(cwd=checkout, env=env).ok()
        m.stop()
        return run

    def gc(self, *words: str, code: int = 0) -> dict:
        run = self.keeper.sluice_run("gc", "remote", "--json", *words, env=self.env).fails(code)
        return json.loads(run.stdout)

    def domain(self, *words: str) -> dict:
        time.sleep(K_CLOCK_S)
        (domain,) = self.gc(*words)["domains"]
        return domain

    def fsck(self, code: int = 0) -> dict:
        run = self.keeper.sluice_run("fsck", "--json", env=self.env).fails(code)
        return json.loads(run.stdout)


@pytest.fixture
def team(machine, tmp_path, tiny, store_env):
    return Team(machine, tmp_path, tiny, store_env)


def test_two_marks_and_no_earlier(team):
    team.job("one", branch="feature", sha="a" * 40)
    team.job("two", branch="main", sha="b" * 40)
    first = team.domain()
    assert first["domain"] == "trusted" and first["heads"] >= 4, first
    assert first["removed"]["objects"] == 0, first
    # What only the dropped scopes named waits for a second mark, and a third for what it named.
    words = ("--drop-scope", "branch:*:feature", f"commit:*:{'a' * 40}", "l?:*", "--grace")
    dry = team.domain("--dry-run", *words, "0s")
    assert {d["scopes"]: d["heads"] for d in dry["dropped"]}.items() >= {
        ("branch", 1),
        ("commit", 1),
        ("l1", 1),
    }, dry
    dropped = team.domain(*words, "1h")
    assert dropped["dropped"] == dry["dropped"] and dropped["removed"]["objects"] == 0
    assert dropped["unnamed"]["manifests"]["objects"] == dry["unnamed"]["manifests"]["objects"]
    again = team.domain("--grace", "1h")
    assert again["dropped"] == [] and again["removed"]["objects"] == 0
    gone = team.domain("--grace", "0s")
    assert gone["removed"]["manifests"]["objects"] >= 1, gone
    team.domain("--grace", "0s")
    last = team.domain("--grace", "0s")
    assert last["unnamed"]["objects"] == last["removed"]["objects"] == 0, last
    # What is kept is whole: the same state hits, on a machine that has nothing.
    run = team.job("two", branch="main", sha="b" * 40)
    assert run.hits > 0 and "0 misses" in run.summary_lines[0] + " 0 misses", run.describe()
    assert team.gc("--dry-run")["dry_run"]


def test_size_lets_the_oldest_go(team):
    team.job("one", branch="feature", sha="a" * 40)
    team.job("two", branch="main", sha="b" * 40)
    before = team.domain("--dry-run")
    limit = before["live_bytes"] - 1
    after = team.domain("--max-size", f"{limit}B")
    assert after["live_bytes"] <= limit, after
    assert {d["why"] for d in after["dropped"]} == {"size"}
    nothing = team.domain("--max-size", "0")
    assert nothing["live_bytes"] == 0


def test_jobs_lose_nothing_beside_a_collector_that_never_rests(team):
    """The grace period is longer than each job here, and far shorter than all of them."""
    stop = threading.Event()
    faults = []

    def collect():
        while not stop.is_set():
            run = team.keeper.sluice_run(
                "gc", "remote", "--json", "--grace", "60s", "--max-age", "7d", env=team.env
            )
            if run.code != 0:
                faults.append(run.describe())
                return
            domains = json.loads(run.stdout)["domains"]
            if any(d["manifests_missing"] or d["damaged"] for d in domains):
                faults.append(run.stdout)
                return
            time.sleep(0.2)

    collector = threading.Thread(target=collect)
    collector.start()
    try:
        for i in range(4):
            run = team.job(f"text {i % 2}", branch="main", sha=f"{i:040x}")
            if i >= 2:
                assert run.hits > 0, run.describe()
    finally:
        stop.set()
        collector.join()
    assert not faults, faults[0]


@pytest.mark.parametrize("store_env", ["folder"], indirect=True)
def test_a_damaged_state_is_begun_anew(team, tmp_path):
    team.job("", branch="main", sha="a" * 40)
    team.domain()
    state = tmp_path / "store/trusted/v1/gc/state"
    assert state.is_file()
    state.write_bytes(b"damaged")
    assert team.domain()["failures"] == 0


@pytest.mark.parametrize(
    "words, line",
    [
        (["--force"], "gc remote: --force is for the local tier"),
        (["--grace", "soon"], '--grace: "soon" is not a time'),
        (["--max-size", "10"], '--max-size: "10" is not a size'),
    ],
)
def test_wrong_words_change_nothing(machine, tmp_path, words, line):
    m = machine("m", store=tmp_path / "store")
    run = m.sluice_run("gc", "remote", *words).fails(2)
    assert line in run.stderr and run.stderr.count("\n") == 1
    assert not (tmp_path / "store").exists()


def test_what_has_no_store_to_collect(machine, tmp_path):
    m = machine("m", store=tmp_path / "store")
    run = m.sluice_run("gc", "--grace", "1h", "--dry-run").fails(2)
    assert "sluice gc remote" in run.stderr
    run = m.sluice_run("gc", "remote", env={"SLUICE_READ_ONLY": "1"}).fails(2)
    assert "read-only (SLUICE_READ_ONLY)" in run.stderr
    run = m.sluice_run("gc", "remote", env={"SLUICE_STORE": "http://127.0.0.1:9/x"}).fails(1)
    assert "cannot list" in run.stderr
    # An empty store is one with nothing to do.
    assert json.loads(m.sluice_run("gc", "remote", "--json").ok().stdout)["domains"] == []
    shutil.rmtree(tmp_path / "store", ignore_errors=True)
