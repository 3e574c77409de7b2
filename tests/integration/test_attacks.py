"""A hostile writer with all rights on the bucket, and a hostile pull request's job before a trusted
one on the same machine: neither reaches what a trusted job builds, nor a secret.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import struct
import time
from pathlib import Path

import pytest
from conftest import exported, write_tiny
from sluice_harness import CacheProg, compiled, github, read_gocache, sha256, wait_until, words_of

PART = "example.com/tiny/part"
EXPORT_PART = ("list", "-x", "-export", "-f", "{{.ImportPath}} {{.Export}}", "./part")


@dataclasses.dataclass
class Key:
    private: str
    public: str  # ID:BASE64

    @property
    def id(self) -> str:
        return self.public.split(":")[0]

    def signs(self, *trusted: Key) -> dict[str, str]:
        """The two secrets of a pipeline."""
        return {"SLUICE_SIGNING_KEY": self.private, **believes(self, *trusted)}


def believes(*keys: Key, revoked: tuple[Key, ...] = ()) -> dict[str, str]:
    words = [key.public for key in keys] + [f"revoked:{key.id}" for key in revoked]
    return {"SLUICE_TRUSTED_KEYS": " ".join(words)}


@pytest.fixture
def new_key(machine, tmp_path):
    """A function that makes another key."""
    maker = machine("keys")

    def make(name: str = "ci") -> Key:
        file = tmp_path / f"{name}.pem"
        run = maker.sluice_run("key", "new", "--file", str(file)).ok()
        assert file.stat().st_mode & 0o777 == 0o600
        return Key(file.read_text(), run.stdout.strip())

    return make


@dataclasses.dataclass
class Bucket:
    """The objects of a store as its owner's disk has them, for somebody who may do anything."""

    root: Path  # below it lie the domains
    env: dict[str, str]
    is_minio: bool

    def objects(self, kind: str, domain: str = "trusted") -> list[Path]:
        """A file each, or what MinIO keeps an object as: a directory."""
        found = sorted((self.root / domain / "v1" / kind).glob("??/*"))
        return [path for path in found if not path.name.startswith(".")]

    def domains(self) -> set[str]:
        return {path.name for path in self.root.iterdir() if (path / "v1").is_dir()}

    def copy_of(self, kind: str, to: Path) -> Path:
        return Path(shutil.copytree(self.root / "trusted" / "v1" / kind, to))

    def put_back(self, kind: str, copy: Path) -> None:
        target = self.root / "trusted" / "v1" / kind
        shutil.rmtree(target)
        shutil.copytree(copy, target)

    def replace(self, target: Path, source: Path) -> None:
        if source.is_dir():
            shutil.rmtree(target)
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)

    def rotate(self, kind: str) -> int:
        """Each object of this kind gets the bytes of the next one."""
        objects = self.objects(kind)
        copies = [path.with_name(path.name + ".copy") for path in objects]
        for path, copy in zip(objects, copies, strict=True):
            path.rename(copy)
        for path, copy in zip(objects, copies[1:] + copies[:1], strict=True):
            copy.rename(path)
        return len(objects)


@pytest.fixture(params=["folder", "s3"])
def bucket(request, tmp_path) -> Bucket:
    if request.param == "folder":
        root = tmp_path / "store"
        return Bucket(root, {"SLUICE_STORE": root.as_uri()}, False)
    return minio_bucket(request, tmp_path)


def minio_bucket(request, tmp_path) -> Bucket:
    minio = request.getfixturevalue("minio")
    name = minio.bucket(f"attack-{os.getpid()}-{time.time_ns()}")
    return Bucket(minio.data / name / "ci", minio.env(SLUICE_STORE=f"s3://{name}/ci"), True)


@pytest.fixture
def folder(tmp_path) -> Bucket:
    root = tmp_path / "store"
    return Bucket(root, {"SLUICE_STORE": root.as_uri()}, False)


@dataclasses.dataclass
class Target:
    """What everybody builds, and what the attacker would like to have in its place."""

    root: Path
    honest: str  # SHA-256 of the archive of `part`
    evil: bytes  # another archive of it
    actions: list[bytes]  # that lead to the honest one

    def plant(self, machine, env: dict[str, str]) -> None:
        """Publish the evil archive under the actions of the honest one, by way of sluice."""
        prog = CacheProg(machine, env=env, cwd=self.root)
        for action in self.actions:
            assert "Err" not in prog.put(action, self.evil)
        prog.close()
        assert prog.end() == 0
        machine.sluice_run("agent", "wait", cwd=self.root, env=env).ok()

    def build(self, machine, env: dict[str, str], code: int = 0):
        run = machine.go(*EXPORT_PART, cwd=self.root, env=env).fails(code)
        if code == 0:
            run.archive = exported(run)[PART]
            run.was_compiled = PART in compiled(run)
        return run


@pytest.fixture(scope="session")
def target_facts(session_root, sluice, go_env):
    from conftest import Park

    park = Park(session_root / "attack-machines", sluice, go_env)
    root = session_root / "work" / "attacked"
    found = {}
    for text in ("evil one", "tiny one"):
        write_tiny(root, text)
        native = park("native")
        run = native.plain_go(*EXPORT_PART, cwd=root).ok()
        archive = Path(run.stdout.split()[1])
        actions = [e.action for e in read_gocache(native.gocache) if e.data == archive]
        found[text] = (archive.read_bytes(), actions)
    park.stop()
    evil, _ = found["evil one"]
    honest, actions = found["tiny one"]
    assert honest != evil and actions
    return Target(root, "", evil, [bytes.fromhex(a) for a in actions]), honest


@pytest.fixture
def target(target_facts, tmp_path) -> Target:
    facts, honest = target_facts
    write_tiny(facts.root)
    copy = tmp_path / "honest.a"
    copy.write_bytes(honest)
    return dataclasses.replace(facts, honest=sha256(copy))


def evil_of(target: Target, tmp_path: Path) -> str:
    copy = tmp_path / "evil.a"
    copy.write_bytes(target.evil)
    return sha256(copy)


def trust_faults(run) -> list[str]:
    return [line for line in run.stderr.splitlines() if line.startswith("sluice: trust")]


MAIN = github(branch="main", sha="a" * 40)


def fork_event(tmp_path: Path, sha: str = "a" * 40) -> dict[str, str]:
    """A pull request's job, from a repository of somebody else."""
    return github(
        branch="main",
        sha=sha,
        event="pull_request",
        pull_request={"number": 7, "head": "eve/shop"},
        event_path=tmp_path / f"event-{time.time_ns()}.json",
    )


# ---- somebody who may write anything into the bucket


def test_where_nobody_signs_the_attack_works(machine, bucket, target, tmp_path):
    """The control of all tests below: what they plant is what a job without keys believes."""
    env = {**MAIN, **bucket.env}
    target.plant(machine("eve"), env)
    run = target.build(machine("victim"), env)
    assert run.archive == evil_of(target, tmp_path)


@pytest.mark.parametrize("signs", [False, True])
def test_a_record_that_points_at_another_output(machine, bucket, target, new_key, signs):
    """Unsigned, or signed with a key of the attacker's own."""
    ci, eve = new_key("ci"), new_key("eve")
    base = {**MAIN, **bucket.env}
    target.plant(machine("eve"), {**base, **(eve.signs() if signs else {})})
    run = target.build(machine("victim"), {**base, **ci.signs()})
    assert run.archive == target.honest and run.was_compiled
    [said] = trust_faults(run)
    assert ("is not trusted here" if signs else "it is not signed") in said, run.stderr
    assert run.summary["faults"]["trust"] >= 1, run.summary
    # The victim's own head took the place of the planted one: the next job hits.
    again = target.build(machine("next"), {**base, **ci.signs()})
    assert again.archive == target.honest and not again.was_compiled
    assert not trust_faults(again)


def test_signed_results_are_believed_by_all_who_know_the_key(machine, bucket, target, new_key):
    ci = new_key()
    base = {**MAIN, **bucket.env}
    first = target.build(machine("first"), {**base, **ci.signs()})
    assert first.was_compiled
    # The next job, a job without the private key, a desk: all hit, and only the first writes there.
    before = len(bucket.objects("manifests"))
    for env in ({**base, **believes(ci)}, {**bucket.env, **believes(ci)}):
        run = target.build(machine("reader"), env)
        assert run.archive == target.honest and not run.was_compiled and not trust_faults(run)
    assert len(bucket.objects("manifests")) == before
    assert bucket.domains() <= {"trusted", "fork"}


def test_without_the_key_a_job_writes_only_its_own_domain(
    machine, bucket, target, new_key, tmp_path
):
    ci = new_key()
    env = {**MAIN, **bucket.env, **believes(ci)}
    run = target.build(machine("keyless"), env)
    assert run.was_compiled
    if not bucket.root.exists():  # a store on a busy machine may be given up
        assert run.said, run.describe()
        target.build(machine("keyless"), env)
    assert bucket.domains() == {"fork"}
    # Nor when it claims more.
    run = machine("claims").go(
        *EXPORT_PART, cwd=target.root, env={**env, "SLUICE_TRUST_DOMAIN": "trusted"}
    )
    run.fails(2)
    assert "SLUICE_TRUST_DOMAIN: " in run.stderr and len(run.stderr.splitlines()) == 1
    # What it planted there the trusted job does not see, also for the same commit.
    target.plant(machine("eve"), {**fork_event(tmp_path), **bucket.env, **believes(ci)})
    run = target.build(machine("victim"), {**MAIN, **bucket.env, **ci.signs()})
    assert run.archive == target.honest and run.was_compiled and not trust_faults(run)


def test_objects_that_change_places(machine, bucket, target, new_key, tmp_path):
    """Packs, manifests and heads that hold another one's bytes; all signed by the right key."""
    ci = new_key()
    base = {**bucket.env, **ci.signs()}
    jobs = [github(branch=name, sha=digit * 40) for name, digit in (("main", "a"), ("old", "b"))]
    write_tiny(target.root, "evil one")
    target.build(machine("one"), {**base, **jobs[1]})
    write_tiny(target.root)
    target.build(machine("two"), {**base, **jobs[0]})
    for kind in ("manifests", "scopes"):
        assert bucket.rotate(kind) > 1, kind
        run = target.build(machine(f"after-{kind}"), {**base, **jobs[0], "SLUICE_READ_ONLY": "1"})
        assert run.archive == target.honest, kind
    assert bucket.rotate("packs") > 1
    write_tiny(target.root, "tiny two")
    run = target.build(machine("after-packs"), {**base, **jobs[0]})
    write_tiny(target.root)
    run = target.build(machine("after-all"), {**base, **jobs[0]})
    assert run.archive == target.honest


def test_a_head_that_is_put_back(machine, bucket, target, new_key, tmp_path):
    """Rollback: a machine that has seen the newer head notices, says so and goes on."""
    ci = new_key()
    env = {**MAIN, **bucket.env, **ci.signs()}
    m = machine("persistent")
    target.build(m, env)
    m.stop()
    old = bucket.copy_of("scopes", tmp_path / "old-heads")
    write_tiny(target.root, "tiny two")
    target.build(m, env)
    m.stop()
    bucket.put_back("scopes", old)
    write_tiny(target.root)
    run = target.build(m, env)
    assert run.archive == target.honest

    # A command that needs nothing of the store may end before its agent has read the heads.
    def is_said() -> bool:
        status = m.sluice_run("agent", "status", cwd=target.root, env=env)
        return "an older one was put back" in run.stderr + status.stdout

    assert wait_until(is_said, 20, 0.2), run.stderr
    m.sluice_run("agent", "wait", cwd=target.root, env=env).ok()
    m.stop()
    # Its own head is newer than all: nothing is left of it, for nobody.
    write_tiny(target.root, "tiny two")
    for name in ("persistent again", "fresh"):
        again = target.build(m if "again" in name else machine(name), env)
        assert not trust_faults(again), again.stderr
        m.stop()


def bomb(blocks: int = 20_000) -> bytes:
    """A zstd frame of 80 KB that gives 2.5 GB."""
    frame = b"\x28\xb5\x2f\xfd" + bytes([0x00, 0x58])  # no size, a window of 2 MiB
    for number in range(blocks):
        last = number == blocks - 1
        header = (128 << 10) << 3 | 1 << 1 | int(last)
        frame += struct.pack("<I", header)[:3] + b"\0"
    return frame


def test_what_came_before_the_keys_is_not_signed(machine, bucket, target, new_key, tmp_path):
    """A machine that took unsigned results keeps them to itself once there are keys."""
    ci = new_key()
    base = {**MAIN, **bucket.env}
    target.plant(machine("eve"), base)
    m = machine("persistent")
    assert target.build(m, base).archive == evil_of(target, tmp_path)
    m.stop()
    before = target.build(m, {**base, **ci.signs()})
    assert before.archive == evil_of(target, tmp_path), "go's own cache has it"
    m.stop()
    run = target.build(machine("next"), {**base, **ci.signs()})
    assert run.archive == target.honest and run.was_compiled
    # The guide's advice.
    m.plain_go("clean", "-cache", cwd=target.root).ok()
    assert target.build(m, {**base, **ci.signs()}).archive == target.honest


def test_bombs_and_garbage(machine, folder, target, new_key):
    """In place of everything that a signature does not cover, and of what it covers."""
    ci = new_key()
    env = {**MAIN, **folder.env, **ci.signs()}
    target.build(machine("first"), env)
    for path in folder.objects("packs") + folder.objects("blobs"):
        path.write_bytes(bomb())
    run = target.build(machine("packs"), env)
    assert run.archive == target.honest and run.was_compiled
    for path in folder.objects("scopes"):
        head = path.read_bytes()
        frame = bomb()
        sizes = struct.pack("<QQ", len(frame), len(frame) * 200)
        path.write_bytes(head[:10] + b"\1\0" + head[12:16] + sizes + head[32:136] + frame)
    run = target.build(machine("heads"), env)
    assert run.archive == target.honest
    for path in folder.objects("scopes"):
        path.write_bytes(b"\0" * (5 << 20))
    run = target.build(machine("large"), env)
    assert run.archive == target.honest


def test_keys_rotate_and_are_revoked(machine, bucket, target, new_key):
    old, new = new_key("old"), new_key("new")
    base = {**MAIN, **bucket.env}
    target.build(machine("first"), {**base, **old.signs()})
    # The new key signs, the old one is retired: what it signed counts.
    run = target.build(machine("rotated"), {**base, **new.signs(old)})
    assert not run.was_compiled and not trust_faults(run)
    # Revoked, what it signed counts no more; what the new one has signed over it does.
    revoked = {**base, **new.signs(old), **believes(new, old, revoked=(old,))}
    again = target.build(machine("after"), revoked)
    assert again.archive == target.honest and not again.was_compiled
    m = machine("old")
    run = target.build(m, {**revoked, **{"SLUICE_SIGNING_KEY": old.private}}, code=2)
    assert "revoked" in run.stderr and old.private.split("\n")[1] not in run.stderr
    only_old = {**base, **believes(new, old, revoked=(old,))}
    m = machine("keyless")
    fresh = {**only_old, "GITHUB_SHA": "f" * 40}
    assert target.build(m, fresh).archive == target.honest


# ---- a hostile job before a trusted one, on the same machine


def test_a_pull_request_before_a_trusted_job(machine, bucket, target, new_key, tmp_path):
    """It fills its local tier, leaves its agent there, and claims the same commit and branch."""
    ci = new_key()
    shared = machine("persistent")
    fork = {**fork_event(tmp_path), **bucket.env, **believes(ci)}
    target.plant(shared, fork)
    left_over = shared.agents()
    assert left_over, "its agent goes on"
    poisoned = target.build(shared, fork)
    assert poisoned.archive == evil_of(target, tmp_path), "it hits what it planted for itself"
    run = target.build(shared, {**MAIN, **bucket.env, **ci.signs()})
    assert run.archive == target.honest and run.was_compiled
    assert set(shared.agents()) - set(left_over), "the trusted job has an agent of its own"
    for pid in left_over:
        assert ci.private.split("\n")[1].encode() not in environment_of(pid)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('store = "s3://evil/bucket"\n', "a checkout may not name a server"),
        ('store = "https://evil.example/x"\n', "a checkout may not name a server"),
        ('trust-domain = "trusted"\n', "a checkout may not set this"),
        ("publish-local = true\n", "a checkout may not set this"),
        ("keep-credentials = true\n", "a checkout may not set this"),
        ('signing-key = "x"\n', "unknown setting"),
        ('trusted-keys = "x"\n', "unknown setting"),
    ],
)
def test_a_checkout_sets_no_trust(machine, folder, target, new_key, text, word):
    ci = new_key()
    (target.root / "sluice.toml").write_text(text)
    env = {**MAIN, **folder.env, **ci.signs()}
    run = machine("victim").go(*EXPORT_PART, cwd=target.root, env=env).fails(2)
    assert run.stderr.startswith("sluice: sluice.toml:1: ") and word in run.stderr, run.stderr
    assert len(run.stderr.splitlines()) == 1
    assert not folder.root.exists(), "nothing was changed"


def test_a_folder_that_a_checkout_names(machine, target, new_key, tmp_path):
    """It may name one, in which the attacker has put what he likes: that is not signed."""
    ci = new_key()
    evil = tmp_path / "evil"
    target.plant(machine("eve"), {**MAIN, "SLUICE_STORE": evil.as_uri()})
    (target.root / "sluice.toml").write_text(f'store = "{evil.as_uri()}"\n')
    run = target.build(machine("victim"), {**MAIN, **ci.signs()})
    assert run.archive == target.honest
    assert trust_faults(run)


# ---- secrets


def environment_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


TEST_THAT_LOOKS = """package part

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLooks(t *testing.T) {
	out := os.Getenv("LOOKS_INTO")
	os.WriteFile(filepath.Join(out, "own"), []byte(joined(os.Environ())), 0o600)
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, process := range processes {
		name, _ := os.Readlink(filepath.Join(process, "exe"))
		env, _ := os.ReadFile(filepath.Join(process, "environ"))
		words, _ := os.ReadFile(filepath.Join(process, "cmdline"))
		text := name + "\\x00" + string(words) + "\\x00" + string(env)
		os.WriteFile(filepath.Join(out, filepath.Base(process)), []byte(text), 0o600)
	}
}

func joined(lines []string) string {
	text := ""
	for _, line := range lines {
		text += line + "\\x00"
	}
	return text
}
"""


def look(m, root: Path, out: Path, env: dict[str, str], flags: tuple[str, ...] = (), job=False):
    """Runs a test that writes down every environment and command line it can read; as an isolated
    job where that is asked.
    """
    (root / "part" / "part_test.go").write_text(TEST_THAT_LOOKS)
    if out.exists():
        shutil.rmtree(out)
    out.mkdir()
    env = {**env, "LOOKS_INTO": str(out)}
    words = ("test", "-count=1", "./part")
    if job:
        m.sluice_run("job", "--isolated", "--", "go", *words, cwd=root, env=env).ok()
    else:
        m.go(*words, flags=flags, cwd=root, env=env).ok()
    binary = str(m.sluice).encode()
    found = {path.name: path.read_bytes() for path in out.iterdir()}
    own = found.pop("own")
    # Processes of this machine: all but the test's own harness, which set the variables.
    mark = f"={m.root}/".encode()
    ours = {pid: text for pid, text in found.items() if mark in text}
    assert any(text.startswith(binary) and b"\0agent\0run" in text for text in ours.values())
    assert any(text.startswith(binary) and b"\0cacheprog\0" in text for text in ours.values())
    return own, ours


def test_no_secret_reaches_go_its_tests_or_proc(
    warm_machine, request, tmp_path, target, new_key
):
    """With root's eyes, who can read every process."""
    ci = new_key()
    bucket = minio_bucket(request, tmp_path)
    body = ci.private.split("\n")[1].encode()
    secret = bucket.env["AWS_SECRET_ACCESS_KEY"].encode()
    m = warm_machine("m")
    env = {**MAIN, **bucket.env, **ci.signs(), "UNRELATED": "stays"}
    own, processes = look(m, target.root, tmp_path / "seen", env)
    assert b"UNRELATED=stays" in own and b"AWS_REGION=" in own
    for text in (own, *processes.values()):
        assert body not in text
        assert secret not in text
    assert bucket.objects("manifests"), "and the agent has used them"
    own, processes = look(m, target.root, tmp_path / "seen", env, job=True)
    for text in (own, *processes.values()):
        assert body not in text
        assert secret not in text
    # Tests that need them: the store's stay, the key that signs never does.
    own, processes = look(
        m, target.root, tmp_path / "seen", env, flags=("--keep-credentials",)
    )
    assert secret in own
    for text in (own, *processes.values()):
        assert body not in text


def test_another_stores_variables_are_not_taken(warm_machine, folder, target, tmp_path):
    env = {**MAIN, **folder.env, "AWS_SECRET_ACCESS_KEY": "of the test", "SLUICE_TOKEN": "t"}
    own, _ = look(warm_machine("m"), target.root, tmp_path / "seen", env)
    assert b"AWS_SECRET_ACCESS_KEY=of the test" in own


def test_a_sluice_inside_is_of_the_same_job(machine, request, target, new_key, tmp_path):
    """`sluice run` has kept the secrets; go commands of the tools inside use its agent."""
    ci = new_key()
    bucket = minio_bucket(request, tmp_path)
    m = machine("m")
    env = {**MAIN, **bucket.env, **ci.signs()}
    words = f"{m.sluice} go build ./part && go vet ./part && env"
    run = m.sluice_run("run", "--", "sh", "-c", words, cwd=target.root, env=env).ok()
    assert "SLUICE_SIGNING_KEY" not in run.stdout and "AWS_SECRET_ACCESS_KEY" not in run.stdout
    assert bucket.domains() == {"trusted"}
    assert len(m.agents()) == 1
    # In another module it is another agent, which has the secrets from the first.
    other = write_tiny(tmp_path / "other", "another module")
    words = f"cd {other} && {m.sluice} go build ./part"
    run = m.sluice_run("run", "--", "sh", "-c", words, cwd=target.root, env=env).ok()
    assert len(m.agents()) == 2
    m.stop()
    again = machine("again").go("build", "-x", "./part", cwd=other, env=env).ok()
    assert compiled(again) == [], again.stderr
    assert not target.build(machine("next"), env).was_compiled


def test_snapshots_and_modules_follow_the_same_rules(machine, bucket, new_key, tmp_path):
    ci, eve = new_key("ci"), new_key("eve")
    root = tmp_path / "work"
    (root / "tree").mkdir(parents=True)
    (root / "go.mod").write_text("module example.com/x\n\ngo 1.24\n")

    def run(name: str, word: str, env: dict[str, str], *more: str) -> dict:
        words = (word, "tool", "--path", "tree", "--key", "k", "--json", *more)
        out = machine(name).sluice_run(*words, cwd=root, env={**MAIN, **bucket.env, **env}).ok()
        return json.loads(out.stdout)

    (root / "tree" / "file").write_text("evil")
    assert run("eve", "save", eve.signs())["kept"]
    restored = run("victim", "restore", ci.signs(), "--replace")
    assert not restored["restored"] and "is not trusted here" in restored["reason"], restored
    (root / "tree" / "file").write_text("honest")
    assert run("ci", "save", ci.signs())["kept"]
    (root / "tree" / "file").write_text("gone")
    assert run("reader", "restore", believes(ci), "--replace")["restored"]
    assert (root / "tree" / "file").read_text() == "honest"
    desk = machine("desk").sluice_run(
        "save", "tool", "--path", "tree", "--key", "k", "--json",
        cwd=root, env={**bucket.env, **believes(ci)},
    ).ok()
    assert "no key to sign with" in json.loads(desk.stdout)["reason"]


# ---- the command


def test_key_command(machine, tmp_path):
    m = machine("m")
    made = json.loads(m.sluice_run("key", "new", "--json").ok().stdout)
    private = m.config / "sluice" / "signing-key"
    assert made["file"] == str(private) and private.stat().st_mode & 0o777 == 0o600
    again = m.sluice_run("key", "new").fails(2)
    assert "not overwritten" in again.stderr and len(again.stderr.splitlines()) == 1
    other = m.sluice_run("key", "new", "--file", str(tmp_path / "other")).ok().stdout.strip()
    m.sluice_run("key", "trust", other).ok()
    listed = m.sluice_run("key", "list").ok().stdout.splitlines()
    assert listed == [f"signs   {made['key']}", f"trusted {other}"]
    m.sluice_run("key", "revoke", other.split(":")[0]).ok()
    refused = m.sluice_run("key", "trust", other).fails(2)
    assert "never believed again" in refused.stderr
    states = json.loads(m.sluice_run("key", "list", "--json").ok().stdout)["keys"]
    assert [key["state"] for key in states] == ["signs", "revoked"]
    for text in ("trust", "trust x", "revoke x", "list x", "new x", "no"):
        words = text.split()
        wrong = m.sluice_run("key", *words).fails(2)
        assert len(wrong.stderr.splitlines()) == 1, wrong.stderr
    private.chmod(0o640)
    assert "chmod 600" in m.sluice_run("key", "list").fails(2).stderr
    assert "chmod 600" in m.go("version", cwd=tmp_path).fails(2).stderr


def test_the_agent_of_a_key_cannot_be_foretold(machine, folder, target, new_key):
    """Its socket's name is made with the key: nobody without it can be there first."""
    ci = new_key()
    m = machine("m")
    env = {**MAIN, **folder.env, **ci.signs()}
    target.build(m, env)
    with_key = {path.name for path in (m.runtime / "sluice").glob("*.sock")}
    session = {"SLUICE_SESSION": ""}
    target.build(m, {**env, **session, **believes(ci), "SLUICE_SIGNING_KEY": ""})
    without = {path.name for path in (m.runtime / "sluice").glob("*.sock")} - with_key
    assert with_key and without and not with_key & without
    assert all(words_of(pid)[1:3] == [b"agent", b"run"] for pid in m.agents())


def test_links_lead_out_of_no_store(machine, target, new_key, tmp_path):
    """Whoever may write to a folder puts links there: nothing of the user's is removed."""
    store, mine = tmp_path / "store", tmp_path / "mine"
    m = machine("m", store=store)
    env = {**MAIN, **new_key().signs()}
    m.go("build", "./...", cwd=target.root, env=env).ok()
    m.sluice_run("agent", "stop", cwd=target.root, env=env).ok()
    (mine / "aa").mkdir(parents=True)
    files = [mine / "id_ed25519", mine / "aa" / ("a" * 64), mine / "aa" / "notes.txt"]
    for file in files:
        file.write_text("mine")
        os.utime(file, (0, 0))
    for way in ("trusted/.sluice/tmp", "trusted/v1/packs", "trusted/v1/scopes"):
        shutil.rmtree(store / way)
        (store / way).symlink_to(mine)
    (target.root / "part" / "more.go").write_text("package part\n\nconst More = 1\n")
    m.go("build", "./...", cwd=target.root, env=env).ok()
    refused = m.sluice_run("agent", "stop", cwd=target.root, env=env)
    assert "something could not be uploaded" in refused.stderr
    m.sluice_run("gc", "remote", "--grace", "1s", cwd=target.root, env=env)
    m.sluice_run("fsck", "--repair", cwd=target.root, env=env)
    m.sluice_run("clear", "remote", "--yes", cwd=target.root, env=env)
    assert all(file.read_text() == "mine" for file in files)
    assert sorted(path for path in mine.rglob("*") if path.is_file()) == sorted(files)
