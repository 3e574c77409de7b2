"""A whole CI job with sluice around it: what plain go, make and go generate do between `sluice ci
begin` and `sluice ci end` is cached, told and uploaded.
"""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import time

import pytest
from conftest import write_tiny
from module_proxy import ModuleMachine, ModuleProxy
from pipelines import GithubJob, GitlabJob
from servers import free_port
from sluice_harness import REPO, check_gocache, github, sha256, wait_until


def variables_of(text: str) -> dict[str, str]:
    """Of the lines that `--shell github` prints."""
    return dict(line.split("=", 1) for line in text.splitlines())


def begin(m, checkout, *words, env=None, **options):
    run = m.sluice_run("ci", "begin", "--shell", "github", *words, cwd=checkout, env=env, **options)
    return {**(env or {}), **variables_of(run.ok().stdout)}, run


def end(m, checkout, *words, env=None):
    run = m.sluice_run("ci", "end", "--json", *words, cwd=checkout, env=env).ok()
    return json.loads(run.stdout), run


@pytest.fixture
def workspace(session_root):
    """A checkout of the tiny module with what a pipeline of it needs, always at one path."""

    def fresh():
        root = write_tiny(session_root / "work" / "ci-tiny")
        (root / "Makefile").write_text("vet:\n\tgo vet ./...\n")
        (root / "main.go").write_text(
            "//go:generate go build -o generated.out ./part\n" + (root / "main.go").read_text()
        )
        return root

    return fresh


WORKFLOW = """name: ci
on: push

jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      # all of it
      - run: go build -o "$RUNNER_TEMP/out" .
      - run: make vet
      - run: go generate ./...
"""


def github_job(m, root, run, **event):
    workflows = root / ".github/workflows"
    workflows.mkdir(parents=True, exist_ok=True)
    if not (workflows / "ci.yml").exists():
        (workflows / "ci.yml").write_text(WORKFLOW)
        m.sluice_run("init", "github", "--write", cwd=root).ok()
    m.env["PATH"] = f"{m.sluice.parent}:{os.environ['PATH']}"
    return GithubJob(m, root, "ci.yml", "build", run=run, **event)


def numbers_of(m, root, env) -> dict:
    return json.loads(m.sluice_run("stats", "--json", cwd=root, env=env).ok().stdout)


def nothing_is_left(m) -> bool:
    """No process, and of the job's files only locks, which nobody holds."""
    left = [path.name for path in (m.runtime / "sluice").iterdir()]
    return wait_until(lambda: m.processes() == [], 5) and all(n.endswith(".lock") for n in left)


def test_a_generated_workflow_is_cached(machine, tmp_path, workspace):
    """Two jobs on two fresh machines, with fresh checkouts; no step of theirs knows of sluice."""
    store = tmp_path / "store"
    root = workspace()
    m = machine("first", store=store)
    job = github_job(m, root, run=1)
    first = job.run().ok()
    # Plain go's commands are in the journal, with what they compiled and linked.
    numbers = numbers_of(m, root, job.env)
    assert numbers["commands"] == 5 and numbers["commands_without_end"] == 0, numbers
    assert numbers["time_spent"]["compile"]["counted"] > 20, numbers
    assert numbers["transfers"]["up"]["bytes"] > 1_000_000, numbers
    told = json.loads(m.sluice_run("why", "--json", cwd=root, env=job.env).ok().stdout)
    words = [command["words"][:2] for command in told["commands"]]
    steps = [["go", "build"], ["go", "vet"], ["go", "generate"], ["go", "build"], ["sluice", "ci"]]
    assert words == steps, told
    assert "from the cache" in first.summary, first.summary

    root = workspace()
    m = machine("second", store=store)
    job = github_job(m, root, run=2)
    second = job.run().ok()
    assert (job.directory / "temp/out").exists() and (root / "generated.out").exists()
    said = re.search(r"(\d+) lookups: (\d+) local, (\d+) remote, (\d+) missed", second.stderr)
    lookups, local, remote, missed = map(int, said.groups())
    assert lookups == local + remote + missed and local + remote > 100, second.stderr
    numbers = numbers_of(m, root, job.env)
    assert numbers["time_spent"]["compile"]["of"] == 0, numbers
    assert numbers["transfers"]["down"]["bytes"] > 1_000_000, numbers
    assert "1 link" in second.stderr or "2 links" in second.stderr, second.stderr
    assert nothing_is_left(m)
    check_gocache(m.gocache)


def test_golangci_lint_is_cached(machine, tmp_path, workspace):
    """It keeps what it found out under GOLANGCI_LINT_CACHEPROG, and starts go list itself."""
    lint = shutil.which("golangci-lint") or REPO / ".cache/engines/bin/golangci-lint"
    if not os.access(lint, os.X_OK):
        pytest.skip("no golangci-lint: tools/bootstrap.py test builds it where it can be had")
    store = tmp_path / "store"
    told = {}
    for number in (1, 2):
        root = workspace()
        m = machine(f"m{number}", store=store)
        env, _ = begin(m, root, env=github() | {"GITHUB_RUN_ID": str(number)})
        words = [lint, "run", "--default=none", "--enable=govet", "./..."]
        m.run(*words, cwd=root, env=env).ok()
        told[number], _ = end(m, root, env=env)
        why = json.loads(m.sluice_run("why", "--json", cwd=root, env=env).ok().stdout)
        programs = {command["words"][0] for command in why["commands"]}
        assert {"go", "golangci-lint", "sluice"} <= programs, programs
    missed = {number: one["misses"] for number, one in told.items()}
    assert told[1]["bytes_down"] == 0 and missed[1] > 50, missed
    # The indices of a fresh checkout's packages are new each time.
    assert told[2]["bytes_down"] > 1_000_000 and missed[2] <= 20, missed


def test_the_shop_through_the_action(machine, filled_store, checkout):
    """examples/shop on a runner that takes sluice from an address, by this repository's action."""
    m = machine("m", store=filled_store)
    shutil.copy(REPO / "action.yml", checkout / "action.yml")
    served = m.root / "release"
    (served / "sluice-x").mkdir(parents=True)
    shutil.copy(m.sluice, served / "sluice-x" / "sluice")
    archive = served / "sluice.tar.gz"
    subprocess.run(["tar", "-czf", archive, "-C", served, "sluice-x/sluice"], check=True)
    workflow = checkout / ".github/workflows/ci.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(
        "jobs:\n  test:\n    steps:\n      - uses: actions/checkout@v4\n"
        '      - run: go build -o "$RUNNER_TEMP/shop" ./cmd/shop\n'
        "      - run: go generate ./currency\n      - run: go test ./...\n"
    )
    m.sluice_run("init", "github", "--action", "./", "--write", cwd=checkout).ok()
    text = workflow.read_text()
    assert "      - uses: ./\n" in text and "if: always()" in text
    with_inputs = text.replace(
        "- uses: ./\n",
        f"- uses: ./\n        with:\n          url: {archive.as_uri()}\n"
        f"          sha256: {sha256(archive)}\n          arguments: --no-remote --quiet\n",
    )
    # What lies there is something else: nothing is installed, and the job says so.
    workflow.write_text(with_inputs.replace(sha256(archive), "0" * 64))
    refused = GithubJob(m, checkout, "ci.yml", "test", run=1).run()
    assert refused.failed and "is not what sha256 says" in refused.stderr
    # It cannot be had: the job goes on without.
    workflow.write_text(with_inputs.replace(archive.as_uri(), "file:///nowhere"))
    without = GithubJob(m, checkout, "ci.yml", "test", run=2)
    without.job["steps"] = [s for s in without.job["steps"] if "go " not in s.get("run", "")]
    assert "goes on without" in without.run().ok().stderr
    workflow.write_text(with_inputs.replace(" --no-remote", ""))
    job = GithubJob(m, checkout, "ci.yml", "test", run=3)
    done = job.run().ok()
    assert (job.directory / "tools/sluice" / sha256(archive) / "sluice").exists()
    assert "(cached)" in done.of("go test").stdout, done.of("go test").stdout
    numbers = json.loads(
        m.sluice_run("stats", "--json", cwd=checkout, env=job.env).ok().stdout
    )
    assert numbers["hits"] > 500 and numbers["hit_rate"] > 0.5, numbers
    assert numbers["time_spent"]["compile"]["of"] <= 1, numbers
    assert nothing_is_left(m)


def test_a_gitlab_job(machine, tiny_store, session_root):
    """A generated pipeline, and one that takes the template; after_script has none of the
    variables.
    """
    root = write_tiny(session_root / "work" / "tiny")
    pipeline = root / ".gitlab-ci.yml"
    pipeline.write_text("test:\n  script:\n    - go build -o out .\n    - go vet ./...\n")
    m = machine("m", store=tiny_store)
    m.env["PATH"] = f"{m.sluice.parent}:{os.environ['PATH']}"
    m.sluice_run("init", "gitlab", "--write", cwd=root).ok()
    done = GitlabJob(m, root, "test").run().ok()
    assert re.search(r"\d+ lookups: ", done.stderr) and "1 link: " in done.stderr, done.stderr
    assert "sluice: " in done.steps[1].run.stderr and "from the cache" in done.steps[1].run.stdout
    assert nothing_is_left(m)

    shutil.copytree(REPO / "templates", root / "templates")
    pipeline.write_text(
        "include:\n  - local: templates/gitlab.yml\n\ntest:\n  extends: .sluice\n"
        f"  variables:\n    SLUICE_URL: {m.sluice.as_uri()}\n"
        f"    SLUICE_SHA256: {sha256(m.sluice)}\n  script:\n    - go build -o out .\n"
    )
    other = machine("other", store=tiny_store)
    done = GitlabJob(other, root, "test", number=2).run().ok()
    assert "from the cache" in done.steps[1].run.stdout, done.stderr
    assert list(other.tmp.iterdir()) == []
    pipeline.write_text(pipeline.read_text().replace("SHA256: ", "SHA256: 0"))
    refused = GitlabJob(other, root, "test", number=3).run()
    assert refused.failed and "is not what SLUICE_SHA256 says" in refused.stderr


def test_begin_hands_out_what_go_needs(machine, tiny_store, tiny):
    m = machine("m", store=tiny_store)
    env, run = begin(m, tiny, env=github())
    session = env["SLUICE_SESSION"]
    assert session.startswith("@") and stat.S_IMODE(os.stat(session[1:]).st_mode) == 0o600
    assert env["GOCACHEPROG"] == env["GOLANGCI_LINT_CACHEPROG"] == f"{m.sluice} cacheprog"
    assert env["GOCACHE"] == str(m.gocache)
    assert "/sluice-toolexec" in env["GOFLAGS"] and env["GOFLAGS"].startswith("-buildvcs=false ")
    assert re.match(r"http://127\.0\.0\.1:\d+/sluice-modules-\w+\|", env["GOPROXY"])
    assert len(m.agents()) == 1
    agent = m.agents()
    # Again: the same job goes on.
    again, _ = begin(m, tiny, env=env)
    assert m.agents() == agent and again == env
    out = m.root / "out"
    built = m.run("go", "build", "-x", "-o", out, ".", cwd=tiny, env=env).ok()
    assert not re.search(r"/compile\b.* -o ", built.stderr.replace("-V=full", ""))
    told, ended = end(m, tiny, env=env)
    assert told["begun"] and told["drained"] and told["hits_local"] + told["hits_remote"] > 50
    assert told["report"] == "" and told["links"] == 1
    told, ended = end(m, tiny, env=env)
    assert not told["begun"] and ended.said == [
        "sluice: ci end: nothing was begun in this job, and no agent of it is running"
    ]
    # What still has the variables goes on with the local tier, or with an agent of its own.
    m.run("go", "vet", ".", cwd=tiny, env=env).ok()
    m.run("go", "build", "-o", out, ".", cwd=tiny, env=env).ok()


def test_builds_of_an_unknown_system_are_jobs_of_their_own(machine, tiny_store, tiny):
    """CI=true and nothing else names a day; what begins is told apart, and ended by any shell."""
    m = machine("m", store=tiny_store)
    ci = {"CI": "true"}
    lookups = []
    uids = set()
    for shares_variables in (True, False):
        env, _ = begin(m, tiny, env=ci)
        m.go("build", "-o", "out", ".", cwd=tiny, env=env).ok()
        again, _ = begin(m, tiny, env=env)  # of the same job
        m.run("go", "vet", ".", cwd=tiny, env=again).ok()
        told = json.loads(m.sluice_run("stats", "--json", cwd=tiny, env=env).ok().stdout)
        uids.add(told["job"]["uid"])
        told, run = end(m, tiny, env=env if shares_variables else ci)
        assert told["begun"], run.stderr
        lookups.append(told["hits_local"] + told["hits_remote"] + told["misses"])
        assert nothing_is_left(m)
        # After its end the last one is meant.
        told = json.loads(m.sluice_run("why", "--json", cwd=tiny, env=ci).ok().stdout)
        assert told["uid"] in uids
    assert len(uids) == 2 and lookups[1] < 1.5 * lookups[0], (uids, lookups)


def test_shells(machine, tiny_store, tiny):
    m = machine("m", store=tiny_store)
    script = f'eval "$({m.sluice} ci begin)"; go build -o out . && {m.sluice} ci end --json'
    run = m.run("sh", "-ec", script, cwd=tiny, env={"CI": "true"}).ok()
    told = json.loads(run.stdout)
    assert told["begun"] and told["hits_local"] + told["hits_remote"] > 50, told
    # With an action's file there: nothing on stdout, PATH too where sluice is not in it.
    files = {name: str(m.root / name) for name in ("GITHUB_ENV", "GITHUB_PATH")}
    run = m.sluice_run("ci", "begin", cwd=tiny, env={**github(), **files}).ok()
    assert run.stdout == ""
    assert "GOCACHEPROG=" in (m.root / "GITHUB_ENV").read_text()
    assert (m.root / "GITHUB_PATH").read_text() == f"{m.sluice.parent}\n"
    told = json.loads(
        m.sluice_run("ci", "begin", "--json", cwd=tiny, env={**github(), **files}).ok().stdout
    )
    assert told["begun"] and told["ci"] == "github" and told["mode"] == "cacheprog"
    assert "GOCACHEPROG" in told["variables"]
    # What a file of lines cannot hold is left as it was.
    broken = {**github(), "GOFLAGS": "-buildvcs=false\n-v"}
    run = m.sluice_run("ci", "begin", "--shell", "github", cwd=tiny, env=broken).ok()
    assert "GOFLAGS" in run.stderr and "GOFLAGS" not in variables_of(run.stdout)
    end(m, tiny, env=github())


def test_what_is_wrong_is_one_line(machine, tmp_path, tiny):
    m = machine("m", store=tmp_path / "store")
    for words in (
        ["ci"],
        ["ci", "middle"],
        ["ci", "begin", "--hold", "never"],
        ["ci", "begin", "--shell", "csh"],
        ["ci", "begin", "--mode", "fast"],
        ["ci", "end", "--hold", "1m"],
        ["ci", "end", "--file", ""],
    ):
        run = m.sluice_run(*words, cwd=tiny).fails(2)
        assert run.stderr.count("\n") == 1 and run.stdout == "", run.describe()
    assert m.agents() == []
    off = m.sluice_run("ci", "begin", cwd=tiny, env={"SLUICE": "off"}).ok()
    assert off.stdout == "" and "SLUICE=off" in off.stderr
    other = m.sluice_run("ci", "begin", cwd=tiny, env={"GOCACHEPROG": "go-cacher"}).ok()
    assert other.stdout == "" and "steps aside" in other.stderr
    assert m.agents() == []


def test_a_store_that_is_down_fails_nothing(machine, tiny):
    m = machine("m", store=f"https://127.0.0.1:{free_port()}/store")
    env, run = begin(m, tiny, env=github())
    assert any("127.0.0.1" in line for line in run.said), run.stderr
    m.run("go", "vet", "./part", cwd=tiny, env=env, timeout_s=120).ok()
    told, ended = end(m, tiny, "--drain-timeout", "2s", env=env)
    assert told["begun"] and told["drained"] in (True, False)
    assert nothing_is_left(m)


def test_a_bucket_and_its_secrets(machine, minio, tiny):
    """Over S3; what is handed out, left in files and printed has nothing of the credentials."""
    bucket = minio.bucket("ci-begin")
    store = minio.env(SLUICE_STORE=f"s3://{bucket}/ci")
    for number in (1, 2):
        m = machine(f"m{number}")
        m.env |= store
        job = github() | {"GITHUB_RUN_ID": str(number)}
        env, run = begin(m, tiny, env=job)
        session = open(env["SLUICE_SESSION"][1:]).read()
        handed = "".join(value for name, value in env.items() if name not in job)
        for text in (handed, run.stdout, run.stderr, session):
            assert store["AWS_SECRET_ACCESS_KEY"] not in text
        # A digest of them is in the session, and in nothing that a runner would print.
        assert json.loads(session)["credentials"] not in handed + run.stderr
        m.run("go", "build", "-o", m.root / "out", ".", cwd=tiny, env=env).ok()
        told, _ = end(m, tiny, env=env)
        assert told["drained"] and told["requests_read"] > 0, told
    assert told["hits_remote"] + told["hits_local"] > 50 and told["misses"] < 20, told
    assert minio.keys(bucket)


def test_two_jobs_on_one_machine(machine, tiny_store, tiny):
    """The end of one is not the end of the other."""
    m = machine("m", store=tiny_store)
    one, other = (github() | {"GITHUB_RUN_ID": str(number)} for number in (1, 2))
    env, _ = begin(m, tiny, env=one)
    (first,) = m.agents()
    begin(m, tiny, env=other)
    # Of two that start at once for one job one ends again.
    assert wait_until(lambda: len(m.agents()) == 2, 5)
    told, _ = end(m, tiny, env=other)
    assert told["begun"] and wait_until(lambda: m.agents() == [first], 5)
    m.run("go", "vet", "./part", cwd=tiny, env=env).ok()
    told, _ = end(m, tiny, env=one)
    assert told["begun"] and told["lookups"] > 0, told
    assert nothing_is_left(m)


def test_an_agent_dies_between_the_steps(machine, tiny_store, tiny):
    m = machine("m", store=tiny_store)
    env, _ = begin(m, tiny, env=github())
    (pid,) = m.agents()
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: m.agents() == [], 5)
    out = m.root / "out"
    built = m.run("go", "build", "-x", "-o", out, ".", cwd=tiny, env=env).ok()
    assert "/compile -o" not in built.stderr
    told, _ = end(m, tiny, env=env)
    assert told["begun"] and told["hits_local"] + told["hits_remote"] > 50, told


def test_a_job_that_never_ends_leaves_nothing(machine, tiny_store, tiny):
    """The runner kills the job's own processes; the agent goes by itself, a named time later."""
    m = machine("m", store=tiny_store)
    begin(m, tiny, "--hold", "2s", env=github())
    started = time.monotonic()
    assert len(m.agents()) == 1
    # Unused for less than that it stays; then it may stay for as long as every agent does.
    assert wait_until(lambda: m.agents() == [], 45) and time.monotonic() - started > 2
    other = machine("other", store=tiny_store)
    begin(other, tiny, env=github())
    (pid,) = other.agents()
    time.sleep(35)  # longer than an agent stays that nobody holds
    assert other.agents() == [pid]
    end(other, tiny, env=github())
    assert nothing_is_left(other)


def test_an_old_go_finds_everything_in_gocache(machine, toolchain, tmp_path, session_root):
    """Go before 1.24 speaks no protocol: filled at begin, read at end."""
    toolchain("go1.23.12")
    store = tmp_path / "store"
    settings = {**github(), "GOTOOLCHAIN": "go1.23.12"}
    root = write_tiny(session_root / "work" / "tiny")
    first = machine("first", store=store)
    env, run = begin(first, root, env=settings)
    assert "GOCACHEPROG" not in env and "restore" in run.stderr
    first.run("go", "build", "-o", first.root / "out", ".", cwd=root, env=env).ok()
    told, _ = end(first, root, env=settings)  # another shell: none of the variables
    assert told["saved"] > 50 and told["restored"] == 0, told

    root = write_tiny(session_root / "work" / "tiny")
    second = machine("second", store=store)
    env, _ = begin(second, root, env={**settings, "GITHUB_RUN_ID": "1001"})
    built = second.run("go", "build", "-x", "-o", second.root / "out", ".", cwd=root, env=env).ok()
    assert "/compile -o" not in built.stderr
    told, _ = end(second, root, env={**settings, "GITHUB_RUN_ID": "1001"})
    assert told["restored"] > 50, told
    numbers = numbers_of(second, root, {**settings, "GITHUB_RUN_ID": "1001"})
    assert numbers["transfers"]["down"]["bytes"] > 1_000_000, numbers


def test_modules_come_and_are_kept(machine, runtime_store, tmp_path):
    """What go mod download fetched in one job the next one has, though no proxy is there."""
    proxy = ModuleProxy(tmp_path / "proxy")
    proxy.add("example.org/names", "v0.1.0", {"names.go": "package names\n\nconst One = 1\n"})
    root = tmp_path / "work"
    root.mkdir()
    (root / "go.mod").write_text(
        "module example.org/p\n\ngo 1.24\n\nrequire example.org/names v0.1.0\n"
    )
    (root / "main.go").write_text(
        'package main\n\nimport "example.org/names"\n\nfunc main() { println(names.One) }\n'
    )
    desk = ModuleMachine(machine("desk"), proxy)
    desk.machine.plain_go("mod", "tidy", cwd=root, env={"GOFLAGS": "-mod=mod"}).ok()
    first = ModuleMachine(machine("first", store=runtime_store), proxy)
    env, _ = begin(first.machine, root)
    first.machine.run("go", "mod", "download", cwd=root, env=env).ok()
    end(first.machine, root, env=env)
    second = ModuleMachine(machine("second", store=runtime_store), None)
    env, _ = begin(second.machine, root)
    second.machine.run("go", "build", "-o", "out", ".", cwd=root, env=env).ok()
    assert second.tree("example.org/names", "v0.1.0").exists()
    end(second.machine, root, env=env)


def test_a_password_of_go_env_is_not_handed_out(machine, tiny_store, tiny):
    m = machine("m", store=tiny_store)
    m.env.pop("GOPROXY", None)
    (m.config / "go").mkdir()
    (m.config / "go" / "env").write_text("GOPROXY=https://me:secret@proxy.example\n")
    env, run = begin(m, tiny, env=github())
    assert "GOPROXY" not in env and "secret" not in run.stdout + run.stderr
    end(m, tiny, env=github())


@pytest.mark.parametrize("system", ["github", "gitlab", "jenkins"])
def test_init_shows_writes_and_is_done(machine, tmp_path, system):
    """What is printed is what is written, for git apply too; the second time there is nothing."""
    corpus = REPO / "tests/corpus/init" / system
    name = {"github": ".github/workflows/ci.yml", "gitlab": ".gitlab-ci.yml"}.get(
        system, "Jenkinsfile"
    )
    m = machine("m")
    for number, after in enumerate(sorted(corpus.glob("*.after"))):
        before = after.with_suffix("")
        trees = [tmp_path / f"{number}-{kind}" for kind in ("shown", "written")]
        for tree in trees:
            (tree / name).parent.mkdir(parents=True)
            subprocess.run(["git", "init", "-q", str(tree)], check=True)
            shutil.copy(before, tree / name)
        shown, written = trees
        run = m.sluice_run("init", system, cwd=shown).ok()
        assert (shown / name).read_bytes() == before.read_bytes()
        subprocess.run(
            ["git", "apply", "-"], input=run.stdout.encode(), cwd=shown, check=True
        )
        os.chmod(written / name, 0o640)
        again = m.sluice_run("init", system, "--write", cwd=written).ok()
        assert again.stdout == run.stdout
        assert stat.S_IMODE((written / name).stat().st_mode) == 0o640
        assert (shown / name).read_bytes() == (written / name).read_bytes() == after.read_bytes()
        done = m.sluice_run("init", system, "--write", "--json", cwd=written).ok()
        (file,) = json.loads(done.stdout)["files"]
        assert not file["changed"] and file["diff"] == ""
    for refused in sorted(corpus.glob("*.refused")):
        tree = tmp_path / refused.name
        (tree / name).parent.mkdir(parents=True)
        shutil.copy(refused.with_suffix(""), tree / name)
        run = m.sluice_run("init", system, "--write", cwd=tree).fails(2)
        assert run.stderr.count("\n") == 1 and f"{name}:" in run.stderr, run.stderr
        assert (tree / name).read_bytes() == refused.with_suffix("").read_bytes()


def test_buildkite_hooks_and_scripts(machine, tiny_store, session_root):
    root = write_tiny(session_root / "work" / "tiny")
    m = machine("m", store=tiny_store)
    m.env["PATH"] = f"{m.sluice.parent}:{os.environ['PATH']}"
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    m.sluice_run("init", "buildkite", "--write", cwd=root).ok()
    hooks = root / ".buildkite/hooks"
    assert os.access(hooks / "pre-command", os.X_OK)
    env = {"CI": "true", "BUILDKITE": "true", "BUILDKITE_BUILD_ID": "b", "BUILDKITE_JOB_ID": "j"}
    # As the agent does: a hook is sourced, and what it exports is the command's.
    job = f". {hooks}/pre-command; go build -o out .; {hooks}/pre-exit"
    run = m.run("bash", "-ec", job, cwd=root, env=env).ok()
    assert re.search(r"\d+ lookups: ", run.stderr), run.stderr

    script = root / "build.sh"
    script.write_text("#!/bin/sh\nset -e\ngo build -o out .\nexit 3\n")
    script.chmod(0o755)
    m.sluice_run("init", "generic", "--file", "build.sh", "--write", cwd=root).ok()
    run = m.run(script, cwd=root, env={"CI": "true"}).fails(3)
    assert re.search(r"\d+ lookups: ", run.stderr), run.stderr
    assert nothing_is_left(m)
