"""`sluice gc remote`: a store loses what nobody needs, and nothing else, beside running jobs."""

import hashlib
import json
import shutil
import threading
import time

import pytest
from sluice_harness import compiled, fresh_checkout, github


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
        self.machines = 0

    def job(self, text: str = "", **ci):
        """A fresh machine builds its own checkout, in which one file has this text."""
        self.jobs += 1
        checkout = fresh_checkout(self.tiny, self.root / f"checkout{self.jobs}")
        if text:
            (checkout / "added.go").write_text(f'package main\n\nvar added = "{text}"\n')
        return self.build(checkout, "-o", str(self.root / f"out{self.jobs}"), ".", **ci)

    def build(self, checkout, *words: str, is_new_run: bool = False, **ci):
        """A fresh machine builds this checkout; a new run takes the place of an older one."""
        self.machines += 1
        m = self.machine(f"job{self.machines}", store=None)
        env = {**self.env, **github(event_path=self.root / f"event{self.machines}", **ci)}
        if is_new_run:
            env["GITHUB_RUN_ID"] = str(2000 + self.machines)
        run = m.go("build", *words, cwd=checkout, env=env).ok()
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


@pytest.fixture
def signing(machine, tmp_path):
    """What a job has that signs."""
    file = tmp_path / "ci.pem"
    public = machine("keys").sluice_run("key", "new", "--file", str(file)).ok().stdout.strip()
    return {"SLUICE_SIGNING_KEY": file.read_text(), "SLUICE_TRUSTED_KEYS": public}


def wear_out(team) -> None:
    """A job that makes much in one pack, and later ones that need the standard library of it."""
    ci = {"branch": "main", "sha": "a" * 40, "is_new_run": True}
    checkout = team.root / "worn"
    fresh_checkout(team.tiny, checkout)
    for i in range(60):
        package = checkout / f"gone{i}"
        package.mkdir()
        # Text that does not compress: these packages are most of the pack.
        body = "".join(hashlib.sha256(f"{i} {j}".encode()).hexdigest() for j in range(3000))
        (package / "p.go").write_text(f'package gone{i}\n\nvar Text = "{body}"\n')
    team.build(checkout, "./...", **ci)
    for i in range(60):
        shutil.rmtree(checkout / f"gone{i}")
    (checkout / "added.go").write_text('package main\n\nvar added = "later"\n')
    team.build(checkout, "./...", **ci)


def collect_until_clean(team, *words: str) -> list[dict]:
    """Run after run without a grace period until a run finds nothing to do; all they said."""
    runs = []
    for _ in range(8):
        runs.append(team.domain("--grace", "0s", *words))
        done = runs[-1]["unnamed"]["objects"] == 0
        if done and runs[-1]["rewriting"]["rewritten"]["objects"] == 0:
            return runs
    raise AssertionError(runs)


def pack_bytes(run: dict) -> int:
    return run["found"]["packs"]["bytes"]


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
def test_packs_that_are_mostly_dead_shrink(team, signed, signing):
    if signed:
        team.env = {**team.env, **signing}
    wear_out(team)
    checkout = team.root / "worn"
    ci = {"branch": "main", "sha": "a" * 40, "is_new_run": True}
    before = team.build(checkout, "./...", **ci)
    off = collect_until_clean(team, "--pack-live", "0")[-1]
    dry = team.domain("--dry-run", "--pack-live", "60%")["rewriting"]
    assert dry["rewritten"]["objects"] >= 1 and dry["written"]["objects"] == 0, dry
    if signed:
        # Who has no key says why such packs stay, and changes nothing.
        keyless = team.keeper.sluice_run(
            "gc",
            "remote",
            "--pack-live",
            "60%",
            env={**team.env, "SLUICE_SIGNING_KEY": "", "SLUICE_TRUSTED_KEYS": ""},
        ).ok()
        assert "mostly dead: signed, and this run has no key" in keyless.stdout
        assert "rewrote" not in keyless.stdout
    runs = collect_until_clean(team, "--pack-live", "60%")
    did = next(run["rewriting"] for run in runs if run["rewriting"]["rewritten"]["objects"])
    assert did["rewritten"] == dry["rewritten"] and did["manifests"] == dry["manifests"], did
    assert did["heads"] >= 2 and did["heads_left"] == 0, did
    gone = did["rewritten"]["bytes"] - did["written"]["bytes"]
    assert gone > did["rewritten"]["bytes"] * 0.4, did
    assert pack_bytes(runs[-1]) == pack_bytes(off) - gone, (off, runs[-1])
    assert team.fsck()["domains"][0]["wrong"] == 0
    # A machine that has nothing finds everything that the last job left.
    after = team.build(checkout, "-x", "./...", **ci)
    assert after.hits >= before.hits > 50, before.describe() + after.describe()
    assert compiled(after) == [], after.describe()


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
        (["--pack-live", "95%"], '--pack-live: "95%" is not 0% (never) to 90%'),
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
