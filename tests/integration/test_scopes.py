"""Who sees whose work: branches, commits, key tiers and trust domains, as CI variables name
them.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest
from conftest import write_tiny
from sluice_harness import CacheProg, action_id, compiled, files_of, github


def vary_keys(root: Path, word: str) -> None:
    """Change go.mod and go.sum so that no key tier matches, while every action stays what it
    was.
    """
    with (root / "go.mod").open("a") as file:
        file.write(f"\n// {word}\n")
    digest = hashlib.sha256(word.encode()).digest()
    text = base64.b64encode(digest).decode()
    (root / "go.sum").write_text(f"example.com/{word} v1.0.0 h1:{text}\n")


PART = "example.com/tiny/part"


def job(m, root: Path, env: dict, what: str = "./part"):
    """One job: build, then upload; unless told otherwise only the package that needs nothing."""
    run = m.go("build", "-x", what, cwd=root, env=env).ok()
    m.wait_uploads(cwd=root, env=env)
    m.stop()
    return run


def test_branch_sees_the_default_branch(machine, tmp_path, tiny):
    """A branch that changed go.mod and go.sum still finds what main built, by main's scope."""
    store = tmp_path / "store"
    vary_keys(tiny, "main")
    events = tmp_path / "event.json"
    first = job(
        machine("main", store=store), tiny, github(branch="main", sha="a" * 40, event_path=events)
    )
    assert compiled(first) == [PART]
    write_tiny(tiny)
    vary_keys(tiny, "feature")
    run = job(
        machine("feature", store=store),
        tiny,
        github(branch="feature", sha="b" * 40, event_path=events),
    )
    assert compiled(run) == []


def test_branch_sees_its_own_last_job(machine, tmp_path, tiny):
    store = tmp_path / "store"
    events = tmp_path / "event.json"
    write_tiny(tiny, "branch work")
    vary_keys(tiny, "one")
    first = job(
        machine("one", store=store), tiny, github(branch="feature", sha="b" * 40, event_path=events)
    )
    assert compiled(first) == [PART]
    write_tiny(tiny, "branch work")
    vary_keys(tiny, "two")
    run = job(
        machine("two", store=store), tiny, github(branch="feature", sha="c" * 40, event_path=events)
    )
    assert compiled(run) == []


def test_pull_request_of_a_branch_sees_its_base(machine, tmp_path, tiny):
    store = tmp_path / "store"
    vary_keys(tiny, "base")
    first = job(
        machine("main", store=store), tiny, github(sha="a" * 40, event_path=tmp_path / "e1.json")
    )
    assert compiled(first) == [PART]
    write_tiny(tiny)
    vary_keys(tiny, "pull")
    env = github(
        branch="feature",
        sha="d" * 40,
        event="pull_request",
        pull_request={},
        event_path=tmp_path / "e2.json",
    )
    run = job(machine("pull", store=store), tiny, env)
    assert compiled(run) == []


def test_other_repository_with_the_same_modules(machine, tmp_path, tiny):
    """The key tiers (Go version with go.mod, Go version with go.sum) reach over repositories."""
    store = tmp_path / "store"
    vary_keys(tiny, "same")
    first = job(machine("one", store=store), tiny, github(repository="acme/one", sha="a" * 40))
    assert compiled(first) == [PART]
    write_tiny(tiny)
    vary_keys(tiny, "same")
    with (tiny / "go.mod").open("a") as file:
        file.write("// another file, the same go.sum\n")
    run = job(
        machine("two", store=store), tiny, github(repository="acme/two", branch="x", sha="e" * 40)
    )
    assert compiled(run) == []


def test_why_says_which_scope_each_hit_came_from(warm_machine, tmp_path, session_root):
    """A branch's job has its test's result by content from the default branch, another
    repository's by a key tier.
    """
    root = write_tiny(session_root / "work" / "tiny")
    old = time.time() - 60
    (root / "part" / "part_test.go").write_text(
        "package part\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\n"
        "func TestRead(t *testing.T) {\n\tif _, err := os.ReadFile(\"data\"); err != nil {\n"
        "\t\tt.Fatal(err)\n\t}\n}\n"
    )
    (root / "part" / "data").write_text("x")
    os.utime(root / "part" / "data", (old, old))
    store = tmp_path / "store"
    work = ("test", "./part")

    def run(name: str, **env) -> tuple:
        m = warm_machine(name, store=store)
        vars = github(event_path=tmp_path / f"{name}.json", **env)
        m.go(*work, cwd=root, env=vars).ok()
        m.wait_uploads(cwd=root, env=vars)
        return m, vars

    run("main", sha="a" * 40)
    os.utime(root / "part" / "data", (old - 5, old - 5))
    m, env = run("feature", branch="feature", sha="b" * 40)
    told = json.loads(m.sluice_run("why", "--scope", "--json", cwd=root, env=env).ok().stdout)
    scopes = {one["scope"]: one["hits"] for one in told["scopes"]}
    ours = [hit for hit in scopes["default-branch"] if hit["package"] == PART]
    assert {(hit["kind"], hit["answer"]) for hit in ours if hit["test"]} == {
        ("test-output", "reused")
    }
    text = m.sluice_run("why", "--scope", "./part", cwd=root, env=env).ok().stdout
    assert "default-branch: " in text
    assert f"    {PART}, its test: by content\n" in text
    m.stop()
    other, env = run("other", repository="acme/two", branch="x", sha="e" * 40)
    text = other.sluice_run("why", "--scope", "./part", cwd=root, env=env).ok().stdout
    assert "tier-l1: " in text and f"{PART}, its test" in text
    for words in (("--trace",), ("--against", "1")):
        refused = other.sluice_run("why", "--scope", *words, cwd=root, env=env)
        assert refused.code == 2 and "--scope does not go with" in refused.stderr
    refused = other.sluice_run("why", "--scope", "./nothing", cwd=root, env=env)
    assert refused.code == 2 and "no package ./nothing was a hit" in refused.stderr


def test_plain_git_branches(machine, tmp_path, tiny):
    """Without CI variables the checkout's own branch counts."""
    store = tmp_path / "store"
    git = [
        "git",
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.com",
        "-c",
        "init.defaultBranch=main",
    ]

    def commit(word: str, branch: str) -> None:
        write_tiny(tiny)
        vary_keys(tiny, word)
        for command in (
            ["init", "-q"],
            ["checkout", "-q", "-B", branch],
            ["add", "."],
            ["commit", "-q", "-m", word],
        ):
            subprocess.run(git + command, cwd=tiny, check=True, capture_output=True)

    commit("one", "topic")
    first = job(machine("one", store=store), tiny, {})
    assert compiled(first) == [PART]
    commit("two", "topic")
    run = job(machine("two", store=store), tiny, {})
    assert compiled(run) == []


def test_default_branch_of_plain_git(machine, tmp_path, tiny):
    """A topic branch of a clone finds what the default branch's job made."""
    store = tmp_path / "store"
    git = [
        "git",
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.com",
        "-c",
        "init.defaultBranch=main",
    ]
    origin = tmp_path / "origin.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", origin], check=True)

    def git_run(*words: str) -> None:
        subprocess.run([*git, *words], cwd=tiny, check=True, capture_output=True)

    vary_keys(tiny, "one")
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["commit", "-q", "-m", "one"],
        ["remote", "add", "origin", str(origin)],
        ["push", "-q", "origin", "main"],
        ["fetch", "-q"],
        ["remote", "set-head", "origin", "main"],
    ):
        git_run(*words)
    first = job(machine("main", store=store), tiny, {})
    assert compiled(first) == [PART]
    git_run("checkout", "-q", "-b", "topic")
    vary_keys(tiny, "two")
    git_run("add", ".")
    git_run("commit", "-q", "-m", "two")
    run = job(machine("topic", store=store), tiny, {})
    assert compiled(run) == []


@pytest.fixture
def fork_env(tmp_path) -> dict:
    return github(
        branch="evil",
        sha="f" * 40,
        event="pull_request",
        pull_request={"head": "stranger/shop"},
        event_path=tmp_path / "fork-event.json",
    )


def in_domain(store: Path, domain: str) -> set[str]:
    return {name for name in files_of(store) if domain in Path(name).parts}


def test_fork_writes_only_its_own_domain(machine, tmp_path, tiny, tiny_store, fork_env):
    before = files_of(tiny_store)
    write_tiny(tiny, "fork work")
    m = machine("fork", store=tiny_store)
    run = job(m, tiny, fork_env, what=".")
    # The standard library came from the trusted domain; its own two packages had to be compiled.
    assert set(compiled(run)) == {"main", PART}
    after = files_of(tiny_store)
    assert {name: after.get(name) for name in before} == before, (
        "a fork's job changed trusted files"
    )
    new = set(after) - set(before)
    assert new and new == {name for name in new if "fork" in Path(name).parts}, new
    assert not m.gocache.exists() or not list(m.gocache.glob("??/*-a")), (
        "a fork's job wrote the trusted local tier"
    )
    assert list((m.cache / "sluice" / "domains" / "fork" / "go-build").glob("??/*-a"))


def test_trusted_never_reads_a_fork(machine, tmp_path, tiny, tiny_store, fork_env):
    """Not even with the same commit: the fork's job came first, with the same SHA and branch
    name.
    """
    write_tiny(tiny, "fork work")
    job(machine("fork", store=tiny_store), tiny, fork_env, what=".")
    # go leaves the executable in the checkout, and would take it for up to date.
    write_tiny(tiny, "fork work")
    again = job(machine("fork", store=tiny_store), tiny, fork_env, what=".")
    assert compiled(again) == [], "a fork does not see its own earlier work"
    trusted = machine("trusted", store=tiny_store)
    write_tiny(tiny, "fork work")
    run = job(
        trusted,
        tiny,
        github(branch="evil", sha="f" * 40, event_path=tmp_path / "push.json"),
        what=".",
    )
    assert set(compiled(run)) == {"main", PART}


def test_copied_into_the_trusted_domain(machine, tmp_path, tiny, tiny_store, fork_env):
    """Manifests and heads name their domain: a fork's are refused under the trusted prefix."""
    write_tiny(tiny, "fork work")
    env = {"SLUICE_TRUST_DOMAIN": "fork"}
    job(machine("fork", store=tiny_store), tiny, env, what=".")
    shutil.copytree(tiny_store / "fork", tiny_store / "trusted", dirs_exist_ok=True)
    run = job(machine("trusted", store=tiny_store), tiny, {}, what=".")
    assert PART in compiled(run)


def test_fork_on_a_persistent_machine(machine, tiny, tiny_store, fork_env):
    """One machine, trusted and fork jobs in turn: neither local tier reaches into the other, and
    agents differ.
    """
    m = machine("runner", store=tiny_store)
    write_tiny(tiny, "fork work")
    m.go("build", "-o", str(m.root / "a"), ".", cwd=tiny, env=fork_env).ok()
    run = m.go("build", "-x", "-o", str(m.root / "b"), ".", cwd=tiny, env=github(sha="f" * 40)).ok()
    assert PART in compiled(run), "a trusted job used the local tier of a fork's"
    assert len(m.agents()) in (0, 2), "two domains share an agent"


def test_explicit_trust_domain(machine, tiny, tiny_store):
    before = files_of(tiny_store)
    write_tiny(tiny, "team work")
    m = machine("team", store=tiny_store)
    job(m, tiny, {"SLUICE_TRUST_DOMAIN": "team-b"}, what=".")
    new = set(files_of(tiny_store)) - set(before)
    assert new and all("team-b" in Path(name).parts for name in new), new


def test_writers_of_one_scope_both_keep_their_work(machine, tmp_path):
    """Six legs of a matrix finish at the same moment; the next job of the branch sees all six."""
    store = tmp_path / "store"
    env = github(branch="busy", sha="9" * 40)
    envs = [{**env, "RUNNER_NAME": f"runner-{n}"} for n in range(6)]
    workers = [machine(f"w{n}", store=store) for n in range(6)]
    per_job = 20
    failures: list[str] = []
    barrier = threading.Barrier(len(workers))

    def work(n: int) -> None:
        try:
            p = CacheProg(workers[n], env=envs[n])
            for i in range(per_job):
                p.put(action_id(f"{n}.{i}"), f"output {n}.{i} ".encode() * 50)
            barrier.wait(60)
            p.close()
            p.end()
            workers[n].wait_uploads(env=envs[n])
        except Exception as error:  # reported below, in the test's own thread
            failures.append(f"{n}: {error!r}")
            barrier.abort()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(workers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    for worker in workers:
        worker.stop()
    reader = CacheProg(machine("reader", store=store), env=env)
    lost = [
        f"{n}.{i}"
        for n in range(6)
        for i in range(per_job)
        if reader.get(action_id(f"{n}.{i}")).get("Miss")
    ]
    reader.end()
    assert lost == []


def test_stale_lock_or_leftover_does_not_block(machine, tiny, tiny_store, tiny_first):
    """A writer that died leaves nothing that stops the next one: kill an uploading agent, then
    upload again.
    """
    write_tiny(tiny, "interrupted")
    m = machine("dying", store=tiny_store)
    m.go("build", "-o", str(m.root / "a"), ".", cwd=tiny, flags=("--drain=detach",)).ok()
    for pid in m.agents():
        os.kill(pid, 9)
    run = job(machine("next", store=tiny_store), tiny, {}, what=".")
    last = job(machine("last", store=tiny_store), tiny, {}, what=".")
    assert compiled(last) == [], (compiled(run), compiled(last))
