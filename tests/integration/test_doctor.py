"""`sluice doctor`: what makes a real module's pipeline miss, found by the real binary."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import time
from pathlib import Path

import pytest
from servers import REPO
from sluice_harness import wait_until

DAY_S = 24 * 3600


@pytest.fixture
def one(machine, tmp_path):
    """A machine whose home lies where no rule finds it: nothing of it is in /tmp."""
    return machine("one", store=tmp_path / "store")


@pytest.fixture
def shop(tmp_path) -> Path:
    """A module in a repository of its own, with nothing to find."""
    root = tmp_path / "checkout"
    (root / "part").mkdir(parents=True)
    (root / "go.mod").write_text("module example.com/shop\n\ngo 1.23\n")
    (root / "main.go").write_text("package main\n\nfunc main() {}\n")
    (root / "part" / "part_test.go").write_text(
        'package part\n\nimport "testing"\n\nfunc TestPart(t *testing.T) {}\n'
    )
    # Packages that import nothing: not even the runtime is compiled for them.
    for name in ("a", "b"):
        (root / "lib" / name).mkdir(parents=True)
        (root / "lib" / name / "x.go").write_text(f"package {name}\n\nconst X = 1\n")
    (root / "Makefile").write_text("test:\n\tgo test ./...\n")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "one")
    return root


def git(root: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words]
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(
        command, cwd=root, env=env, check=True, capture_output=True, text=True
    ).stdout


def doctor(machine, root: Path, *words: str, code: int = 0, env: dict | None = None) -> list[dict]:
    """The findings, without the note that this machine's home lies in a temporary directory."""
    options = {"cwd": root, "env": env or {}}
    parts = words or ("--files", "--environment")
    run = machine.sluice_run("doctor", "--json", *parts, **options)
    run.fails(code)
    found = json.loads(run.stdout)["findings"]
    return [each for each in found if (each["id"], each["severity"]) != ("gocache-in-tmp", "note")]


def ids(found: list[dict]) -> list[str]:
    return [f"{each['severity']} {each['id']} {each['where']}" for each in found]


def test_nothing_to_find(one, shop):
    assert doctor(one, shop) == []
    text = one.sluice_run("doctor", cwd=shop).ok().stdout
    assert "files       1 examined: 0 miss, 0 may miss, 0 notes\n" in text, text
    assert "environment go1." in text and "read        yes\n" in text, text
    told = json.loads(one.sluice_run("doctor", "--json", cwd=shop).ok().stdout)
    assert told["usable"] and told["files"] == ["Makefile"], told


def test_the_fix_of_a_finding_really_brings_the_hit_back(one, shop):
    (shop / "Makefile").write_text("test:\n\tgo test -count=1 ./part\n")
    found = doctor(one, shop, code=1)
    assert ids(found) == ["miss test-count Makefile:2"]
    # The cache of whoever runs this has the standard library; compiling it is not the point.
    warm = subprocess.run(["go", "env", "GOCACHE"], capture_output=True, text=True, check=True)
    env = {"GOCACHE": warm.stdout.strip()}
    for words, cached in (("go test -count=1 ./part", False), (found[0]["fix"], True)):
        for _ in range(2):
            run = one.plain_go(*words.split()[1:], cwd=shop, env=env).ok()
        assert ("(cached)" in run.stdout) is cached, run.describe()


def test_goflags_from_the_environment_and_from_go_env_w(one, shop):
    found = doctor(one, shop, code=1, env={"GOFLAGS": "-mod=mod -count=1"})
    assert ids(found) == ["miss test-count GOFLAGS"]
    assert found[0]["fix"] == "export GOFLAGS=-mod=mod"
    one.env.pop("GOFLAGS")
    one.plain_go("env", "-w", "GOFLAGS=-a", cwd=shop).ok()
    assert ids(doctor(one, shop, code=1)) == ["miss build-all GOFLAGS"]


def test_godebug_time_zone_and_umask(one, shop):
    env = {"GODEBUG": "gocacheverify=1", "TZ": "Asia/Tokyo"}
    found = doctor(one, shop, code=1, env=env)
    assert ids(found) == ["miss godebug-set GODEBUG", "note time-zone TZ"]
    before = os.umask(0o002)
    try:
        assert ids(doctor(one, shop, env={"TZ": ""})) == ["note file-mode-mask umask"]
    finally:
        os.umask(before)


def test_gocache_in_a_temporary_directory(one, shop):
    found = doctor(one, shop, code=1, env={"GOCACHE": "/tmp/no-such-cache/go-build"})
    assert ids(found) == ["may-miss gocache-in-tmp GOCACHE"]
    assert not Path("/tmp/no-such-cache").exists()


def fill(machine, root: Path) -> list[Path]:
    """What go itself leaves in its cache; some of it where the doctor looks."""
    for number in range(40):
        (root / "lib" / "b" / "x.go").write_text(f"package b\n\nconst X = {number}\n")
        machine.plain_go("build", "./lib/...", cwd=root).ok()
        entries = list(machine.gocache.glob("??/*-[ad]"))
        if any(path.parent.name.endswith("0") for path in entries) and number > 0:
            break
    assert wait_until(lambda: (machine.gocache / "trim.txt").exists(), 5)
    assert doctor(machine, root) == []
    return entries


def test_a_cache_that_was_restored(one, shop):
    """What a tar of GOCACHE brings: entries with their old times, and trim.txt."""
    entries = fill(one, shop)
    archive = one.root / "cache.tar"
    old = time.time() - 9 * DAY_S
    for path in entries:
        os.utime(path, (old, old))
    (one.gocache / "trim.txt").write_text(str(int(old)))
    subprocess.run(["tar", "-C", one.gocache, "-cf", archive, "."], check=True)
    subprocess.run(["rm", "-rf", one.gocache], check=True)
    one.gocache.mkdir()
    subprocess.run(["tar", "-C", one.gocache, "-xf", archive], check=True)
    found = doctor(one, shop, code=1)
    assert ids(found) == [
        f"may-miss restored-old-times {one.gocache}",
        f"may-miss cached-trim-txt {one.gocache}/trim.txt",
    ]
    sampled = sum(path.parent.name.endswith("0") for path in entries)
    assert found[0]["what"].startswith(f"{sampled} of {sampled} entries")
    # The reason is true: the next go removes what it does not use itself.
    one.plain_go("build", "./lib/a", cwd=shop).ok()
    assert wait_until(lambda: any(not path.exists() for path in entries), 10)


def test_the_fix_of_a_restored_cache(one, shop):
    entries = fill(one, shop)
    old = time.time() - 9 * DAY_S
    for path in entries:
        os.utime(path, (old, old))
    (one.gocache / "trim.txt").write_text(str(int(old)))
    for each in doctor(one, shop, code=1):
        one.run("sh", "-c", each["fix"], cwd=shop, env={"GOCACHE": str(one.gocache)}).ok()
    assert doctor(one, shop) == []
    one.plain_go("build", "./lib/a", cwd=shop).ok()
    assert all(path.exists() for path in entries)


def test_toolchain_drift(one, shop):
    version = one.plain_go("env", "GOVERSION", cwd=shop).ok().stdout.strip().removeprefix("go")
    minor = version.rsplit(".", 1)[0]
    (shop / "go.mod").write_text(f"module example.com/shop\n\ngo 1.23\n\ntoolchain go{minor}.0\n")
    found = doctor(one, shop, code=1)
    assert ids(found) == ["may-miss toolchain-drift go"]
    assert found[0]["also"] == ["go.mod:5"]
    (shop / "go.mod").write_text(f"module example.com/shop\n\ngo 1.23\n\ntoolchain go{version}\n")
    assert doctor(one, shop) == []
    workflows = shop / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "ci.yml").write_text(
        "jobs:\n  test:\n    steps:\n      - uses: actions/setup-go@v5\n"
        "        with:\n          go-version: 1.22.5\n          cache: false\n"
    )
    assert ids(doctor(one, shop, code=1)) == ["may-miss toolchain-drift .github/workflows/ci.yml:6"]


def test_a_shallow_clone_is_a_note_until_a_step_needs_the_history(one, shop, tmp_path):
    git(shop, "commit", "-q", "--allow-empty", "-m", "two")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth=1", shop.as_uri(), str(shallow))
    assert ids(doctor(one, shallow)) == [f"note clone-depth {shallow}"]
    full = tmp_path / "full"
    git(tmp_path, "clone", "-q", shop.as_uri(), str(full))
    assert doctor(one, full) == []
    (full / "build.sh").write_text(
        "git clone --depth 1 https://example.com/shop .\n"
        'go build -ldflags "-X main.v=$(git describe)" ./...\n'
    )
    assert ids(doctor(one, full, code=1)) == ["may-miss clone-depth build.sh:1"]


def test_a_checkout_that_moves(one, shop, tmp_path):
    moved = tmp_path / "run-7654321" / "shop"
    moved.parent.mkdir()
    shop.rename(moved)
    env = {"GITHUB_RUN_ID": "7654321"}
    assert ids(doctor(one, moved, code=1, env=env)) == [f"miss moving-checkout {moved}"]
    assert doctor(one, moved, env={**env, "GOFLAGS": "-trimpath"}) == []
    assert doctor(one, moved, env={"GITHUB_RUN_ID": "765432"}) == []
    slot = {"CI_BUILDS_DIR": str(tmp_path), "CI_CONCURRENT_ID": "run-7654321"}
    assert ids(doctor(one, moved, code=1, env=slot)) == [f"may-miss moving-checkout {moved}"]


def test_parts_and_places(one, shop):
    (shop / "Makefile").write_text("test:\n\tgo build -a\n")
    env = {"GODEBUG": "x=1"}
    assert ids(doctor(one, shop, "--files", code=1, env=env)) == ["miss build-all Makefile:2"]
    assert ids(doctor(one, shop, "--environment", code=1, env=env)) == [
        "may-miss godebug-set GODEBUG"
    ]
    told = json.loads(one.sluice_run("doctor", "--store", "--json", cwd=shop, env=env).ok().stdout)
    assert told["findings"] == [] and told["usable"], told
    # Another directory, and one inside a checkout, whose own files count too.
    (shop / "part" / "Makefile").write_text("test:\n\tgo test\n")
    for words, where in ((("--files", str(shop / "part")), "/"), (("--files", "part"), shop)):
        found = doctor(one, Path(where), *words, code=1)
        assert ids(found) == ["miss build-all Makefile:2", "miss test-no-packages part/Makefile:2"]


def test_what_is_examined_without_a_network(one, shop):
    """A hook before a commit: a store that is not there plays no part in it."""
    one.env["SLUICE_STORE"] = "https://127.0.0.1:1/none"
    started = time.monotonic()
    assert doctor(one, shop) == []
    assert time.monotonic() - started < 5
    one.sluice_run("doctor", cwd=shop).fails(1)
    run = one.sluice_run("doctor", cwd=shop, env={"SLUICE_NO_REMOTE": "1"}).ok()
    assert "store       none" in run.stdout
    run = one.sluice_run("doctor", "--store", cwd=shop, env={"SLUICE_NO_REMOTE": "1"}).fails(2)
    assert run.stdout == "" and len(run.said) == 1


def test_bad_words_and_bad_files(one, shop):
    for words in (["--store", "nowhere"], ["go.mod"], [".", "."], ["--everything"]):
        run = one.sluice_run("doctor", *words, cwd=shop).fails(2)
        assert run.stdout == "" and len(run.said) == 1, run.describe()
    (shop / ".gitlab-ci.yml").write_text("test:\n\t- go test\n")
    (shop / "Jenkinsfile").write_bytes(b"\xff\xfe'''\n{{{ sh '")
    (shop / "big.sh").write_text("go test\n" * 200_000)
    os.mkfifo(shop / "pipe.sh")
    (shop / "gone.sh").symlink_to("nothing")
    (shop / "odd\nname\x1b[2J.sh").write_text("go build -a\n")
    found = doctor(one, shop, "--files", code=1)
    assert [each["id"] for each in found if each["severity"] == "note"] == ["unreadable-file"] * 2
    assert found[0]["where"] == ".gitlab-ci.yml:2"
    text = one.sluice_run("doctor", "--files", cwd=shop).fails(1).stdout
    assert "\x1b" not in text and "odd?name?[2J.sh:1: miss" in text, text


def test_without_go(one, shop):
    one.env["PATH"] = str(one.root)
    run = one.sluice_run("doctor", "--files", "--environment", cwd=shop).ok()
    assert "environment no go: " in run.stdout, run.stdout


def test_colour_on_a_terminal_only(one, shop):
    (shop / "Makefile").write_text("test:\n\tgo build -a\n")
    assert "\x1b" not in one.sluice_run("doctor", "--files", cwd=shop).fails(1).stdout
    primary, secondary = pty.openpty()
    process = one.popen(
        one.sluice, "doctor", "--files", cwd=shop, stdout=secondary, env={"TERM": "xterm"}
    )
    os.close(secondary)
    assert process.wait(30) == 1
    assert b"\x1b[31mmiss\x1b[0m" in os.read(primary, 1 << 16)
    os.close(primary)


def test_the_corpus_through_the_binary(one, tmp_path):
    """The same files and findings as the unit test, read from real checkouts."""
    corpus = REPO / "tests" / "corpus" / "ci"
    for name in sorted(each.name for each in corpus.iterdir() if each.is_dir()):
        root = tmp_path / name
        subprocess.run(["cp", "-r", corpus / name, root], check=True)
        for expected in root.rglob("*.expected"):
            expected.unlink()
        (root / "go.mod").write_bytes((corpus / "go.mod").read_bytes())
        (root / "go.sum").touch()
        git(root, "init", "-q")
        wanted = []
        for expected in (corpus / name).rglob("*.expected"):
            file = str(expected.relative_to(corpus / name)).removesuffix(".expected")
            lines = expected.read_text().splitlines()
            wanted += [(file, *line.split()[:3]) for line in lines]
        code = 1 if any(line[2] != "note" for line in wanted) else 0
        found = doctor(one, root, "--files", code=code)
        got = [(each["file"], str(each["line"]), each["severity"], each["id"]) for each in found]
        assert sorted(got) == sorted(wanted), name
