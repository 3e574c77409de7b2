"""Settings: where they may come from, who wins, and that a bad one is refused before anything
starts.
"""

import hashlib
import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from conftest import write_tiny
from sluice_harness import action_id, b64, compiled, files_of, sha256


@pytest.fixture
def fake_go(tmp_path):
    """A directory for PATH whose go leaves a mark."""
    directory = tmp_path / "bin"
    directory.mkdir()
    go = directory / "go"
    go.write_text(f"#!/bin/sh\necho started >> {tmp_path}/marker\nexit 0\n")
    go.chmod(go.stat().st_mode | stat.S_IXUSR)
    return directory, tmp_path / "marker"


def refused(m, fake_go, cwd: Path, *words: str, flags: tuple = (), env: dict | None = None) -> str:
    """The command is refused: exit 2, one line that names all of words, and go was never
    started.
    """
    directory, marker = fake_go
    before = sorted(p for p in m.root.rglob("*"))
    environment = {"PATH": f"{directory}:{m.env['PATH']}", "SLUICE_SUMMARY": None, **(env or {})}
    run = m.go("build", "./...", flags=flags, cwd=cwd, env=environment)
    assert run.code == 2, run.describe()
    assert run.stdout == "" and run.stderr.startswith("sluice: ") and run.stderr.count("\n") == 1, (
        run.describe()
    )
    for word in words:
        assert word in run.stderr, f"{word!r} is not in {run.stderr!r}"
    assert not marker.exists(), "go was started"
    assert sorted(p for p in m.root.rglob("*")) == before, "something was changed"
    return run.stderr


BAD = [
    # key, environment variable, bad value
    ("store", "SLUICE_STORE", "ftp://host/dir"),
    ("store", "SLUICE_STORE", "file://relative/dir"),
    ("store", "SLUICE_STORE", "just/a/path"),
    ("store", "SLUICE_STORE", "file:///"[:7]),
    ("mode", "SLUICE_MODE", "fast"),
    ("drain", "SLUICE_DRAIN", "sometimes"),
    ("drain-timeout", "SLUICE_DRAIN_TIMEOUT", "soon"),
    ("drain-timeout", "SLUICE_DRAIN_TIMEOUT", "-5s"),
    ("store-patience", "SLUICE_STORE_PATIENCE", "0s"),
    ("verify", "SLUICE_VERIFY", "101%"),
    ("verify", "SLUICE_VERIFY", "-1%"),
    ("verify", "SLUICE_VERIFY", "lots"),
    ("verify", "SLUICE_VERIFY", "99999999999999999999%"),
]


@pytest.mark.parametrize("key,variable,value", BAD, ids=[f"{k}={v}" for k, _, v in BAD])
def test_bad_flag(key, variable, value, machine, tiny, fake_go):
    refused(machine(), fake_go, tiny, f"--{key}", flags=(f"--{key}={value}",))


@pytest.mark.parametrize("key,variable,value", BAD, ids=[f"{k}={v}" for k, _, v in BAD])
def test_bad_variable(key, variable, value, machine, tiny, fake_go):
    refused(machine(), fake_go, tiny, variable, env={variable: value})


@pytest.mark.parametrize("key,variable,value", BAD, ids=[f"{k}={v}" for k, _, v in BAD])
def test_bad_value_in_sluice_toml(key, variable, value, machine, tiny, fake_go):
    (tiny / "sluice.toml").write_text(f'# the team\'s settings\n\n{key} = "{value}"\n')
    refused(machine(), fake_go, tiny, "sluice.toml:3", key)


@pytest.mark.parametrize(
    "variable,value",
    [
        ("SLUICE_READ_ONLY", "maybe"),
        ("SLUICE_NO_REMOTE", "2"),
        ("SLUICE_QUIET", "very"),
        ("SLUICE_PUBLISH_LOCAL", "some"),
        ("SLUICE_TRUST_DOMAIN", "No Such"),
        ("SLUICE_TRUST_DOMAIN", "../trusted"),
        ("SLUICE_TRUST_DOMAIN", "a" * 64),
        ("SLUICE_TRUST_DOMAIN", ".hidden"),
        ("SLUICE_LOG", "chatty"),
        ("SLUICE", "perhaps"),
        ("GOCACHE", "gs://bucket/prefix"),
    ],
)
def test_bad_switch(variable, value, machine, tiny, fake_go):
    refused(machine(), fake_go, tiny, variable, env={variable: value})


@pytest.mark.parametrize(
    "text,line",
    [
        ('colour = "red"\n', 1),
        ("quiet = \n", 1),
        ("quiet = true\nquiet = true\n", 2),
        ('quiet = "yes please"\n', 1),
        ("drain = 5\n", 1),
        ("[section]\nx = 1\n", None),
        ("[section]\n", 1),
        ("quiet = true\nsection = {}\n", 2),
        ('mode = "auto\n', 1),
        ("\x00\x01", 1),
    ],
)
def test_bad_sluice_toml(text, line, machine, tiny, fake_go):
    (tiny / "sluice.toml").write_text(text)
    refused(machine(), fake_go, tiny, f"sluice.toml:{line}" if line else "sluice.toml")


@pytest.mark.parametrize("text", ['trust-domain = "trusted"\n', "publish-local = true\n"])
def test_the_checkout_cannot_set_trust(text, machine, tiny, fake_go):
    (tiny / "sluice.toml").write_text(text)
    refused(machine(), fake_go, tiny, "sluice.toml:1", text.split()[0])


def test_bad_user_configuration(machine, tiny, fake_go):
    m = machine()
    (m.config / "sluice").mkdir()
    (m.config / "sluice" / "config.toml").write_text('\ndrain = "sometimes"\n')
    refused(m, fake_go, tiny, "config.toml:2", "drain", "sometimes")


@pytest.mark.parametrize(
    "args",
    [
        ["--colour", "go", "build"],
        ["run", "--colour", "--", "true"],
        ["cacheprog", "--colour"],
        ["go", "--store"],
        ["go", "--store", "--quiet", "build"],
        ["go", "--quiet=maybe", "build"],
    ],
)
def test_unknown_flag_or_missing_value(args, machine, tiny, fake_go):
    m = machine()
    directory, marker = fake_go
    env = {"PATH": f"{directory}:{m.env['PATH']}", "SLUICE_SUMMARY": None}
    run = m.sluice_run(*args, cwd=tiny, env=env)
    assert run.code == 2, run.describe()
    assert run.stderr.startswith("sluice: ") and run.stderr.count("\n") == 1, run.describe()
    assert not marker.exists(), "go was started"


@pytest.mark.parametrize(
    "args",
    [
        ["no-such-command"],
        ["agent", "dance"],
        ["gc", "--max-size", "lots"],
        ["gc", "--max-size", "10"],
        ["gc", "--max-age", "old"],
        ["env", "--shell", "klingon"],
        ["completion", "klingon"],
        ["run"],
        ["run", "--"],
        ["help", "no-such-command"],
        ["man", "no-such-command"],
        ["version", "extra"],
    ],
)
def test_bad_usage_of_other_commands(args, machine, tmp_path):
    run = machine().sluice_run(*args)
    assert run.code == 2, run.describe()
    assert run.stderr.startswith("sluice: ") and run.stderr.count("\n") == 1, run.describe()


def test_gos_own_flags_are_not_sluices(machine, tiny):
    """Everything from go's sub-command on belongs to go, even where sluice has a flag of that
    name.
    """
    m = machine()
    run = m.go("build", "--mode=fast", cwd=tiny)
    assert run.code == 2 and "flag provided but not defined: -mode" in run.stderr, run.describe()


def test_cacheprog_refuses_bad_settings_too(machine, tmp_path):
    run = machine().sluice_run(
        "cacheprog", env={"SLUICE_DRAIN": "sometimes", "SLUICE_SUMMARY": None}
    )
    assert run.code == 2 and run.stderr.count("\n") == 1 and "SLUICE_DRAIN" in run.stderr, (
        run.describe()
    )


# --- who wins ---


def store_used(
    m, tiny: Path, flags: tuple = (), env: dict | None = None, cwd: Path | None = None
) -> set[str]:
    """Put something through `sluice cacheprog` and say which of the stores s-* got files."""
    program = m.popen(
        m.sluice, *flags, "cacheprog", cwd=cwd or tiny, env=env, stdin=-1, stdout=-1, stderr=-1
    )
    body = os.urandom(100)
    request = {
        "ID": 1,
        "Command": "put",
        "ActionID": b64(action_id(body.hex())),
        "OutputID": b64(hashlib.sha256(body).digest()),
        "BodySize": len(body),
    }
    text = json.dumps(request).encode() + b'\n\n"' + b64(body).encode() + b'"\n'
    out, err = program.communicate(text, timeout=30)
    assert program.returncode == 0 and b"DiskPath" in out, (out, err)
    m.run(m.sluice, *flags, "agent", "wait", cwd=cwd or tiny, env=env).ok()
    return {path.name for path in m.root.glob("s-*") if any(p.is_file() for p in path.rglob("*"))}


def test_precedence(machine, tiny):
    """flag > SLUICE_* > sluice.toml > the user's configuration > default; each level shows when
    those above are gone.
    """
    m = machine()
    url = {name: (m.root / f"s-{name}").as_uri() for name in ("user", "toml", "env", "flag")}
    default = m.cache / "sluice" / "store"
    assert store_used(m, tiny) == set() and any(p.is_file() for p in default.rglob("*"))
    (m.config / "sluice").mkdir()
    (m.config / "sluice" / "config.toml").write_text(f'store = "{url["user"]}"\n')
    assert store_used(m, tiny) == {"s-user"}
    (tiny / "sluice.toml").write_text(f'store = "{url["toml"]}"\n')
    assert store_used(m, tiny) == {"s-user", "s-toml"}
    assert store_used(m, tiny, env={"SLUICE_STORE": url["env"]}) == {"s-user", "s-toml", "s-env"}
    used = store_used(m, tiny, flags=("--store", url["flag"]), env={"SLUICE_STORE": url["env"]})
    assert used == {"s-user", "s-toml", "s-env", "s-flag"}


def test_sluice_toml_of_the_checkouts_root(machine, tiny):
    """The nearest sluice.toml counts, from the working directory up to the checkout's root and not
    above it.
    """
    m = machine()
    above, root = (m.root / "s-above").as_uri(), (m.root / "s-root").as_uri()
    top = m.root / "top"
    inner = top / "checkout" / "deep" / "er"
    inner.mkdir(parents=True)
    (top / "sluice.toml").write_text(f'store = "{above}"\n')
    (top / "checkout" / ".git").mkdir()
    # Without a scope there is nobody to publish for.
    (top / "checkout" / "go.mod").write_text("module example.com/deep\n\ngo 1.23\n")
    assert store_used(m, tiny, cwd=inner) == set()
    (top / "checkout" / "sluice.toml").write_text(f'store = "{root}"\n')
    assert store_used(m, tiny, cwd=inner) == {"s-root"}


def test_store_in_gocache(machine, tiny):
    """The classic form GOCACHE=file:///dir means the store; SLUICE_STORE wins over it."""
    m = machine()
    url = (m.root / "s-gocache").as_uri()
    run = m.sluice_run("run", "--", "go", "env", "GOCACHE", cwd=tiny, env={"GOCACHE": url}).ok()
    assert run.stdout.strip() == str(m.gocache)
    assert store_used(m, tiny, env={"GOCACHE": url}) == {"s-gocache"}
    other = (m.root / "s-other").as_uri()
    assert store_used(m, tiny, env={"GOCACHE": url, "SLUICE_STORE": other}) == {
        "s-gocache",
        "s-other",
    }


def test_local_tier_follows_gocache(machine, tiny):
    """An absolute GOCACHE, or what `go env -w` says, is the local tier."""
    m = machine()
    ask = ("run", "--", "go", "env", "GOCACHE")
    elsewhere = m.root / "elsewhere"
    run = m.sluice_run(*ask, cwd=tiny, env={"GOCACHE": str(elsewhere)}).ok()
    assert run.stdout.strip() == str(elsewhere)
    written = m.root / "written"
    m.run("go", "env", "-w", f"GOCACHE={written}", cwd=tiny).ok()
    assert m.sluice_run(*ask, cwd=tiny).ok().stdout.strip() == str(written)
    m.go("build", "./part", cwd=tiny).ok()
    assert list(written.glob("??/*-a")) and not m.gocache.exists()


def test_read_only_uploads_nothing(machine, tiny, tiny_store):
    before = files_of(tiny_store)
    (tiny / "part" / "part.go").write_text('package part\n\nconst Text = "read only"\n')
    m = machine("m", store=tiny_store)
    run = m.go(
        "build", "-o", str(m.root / "out"), ".", cwd=tiny, flags=("--read-only", "--drain=wait")
    ).ok()
    assert run.summary["bytes_up"] == 0 and run.summary["bytes_down"] > 0, run.summary
    m.stop()
    assert files_of(tiny_store) == before


def test_no_remote_touches_no_store(machine, tiny, tiny_store):
    before = files_of(tiny_store)
    m = machine("m", store=tiny_store)
    flags = ("--no-remote", "--drain=wait")
    run = m.go("build", "-x", "./part", cwd=tiny, flags=flags).ok()
    assert compiled(run) == ["example.com/tiny/part"]
    assert run.summary["hits_remote"] == 0
    assert run.summary["bytes_up"] == 0 and run.summary["bytes_down"] == 0
    again = m.go("build", "-x", "./part", cwd=tiny, flags=("--no-remote",)).ok()
    assert compiled(again) == [] and again.summary["hits_local"] > 0, again.summary
    m.stop()
    assert files_of(tiny_store) == before


def test_default_store_works_without_settings(machine, tiny, tiny_store, tiny_first):
    """Nothing set at all: the store in the user's cache serves an empty GOCACHE."""
    m = machine()
    shutil.copytree(tiny_store, m.cache / "sluice" / "store")
    run = m.go("build", "-x", "-o", str(m.root / "out"), ".", cwd=tiny).ok()
    assert compiled(run) == [] and run.summary["bytes_down"] > 0, run.summary
    assert sha256(m.root / "out") == sha256(tiny_first.native)
    before = files_of(m.cache / "sluice" / "store")
    write_tiny(tiny, "default store")
    m.go("build", "./part", cwd=tiny).ok()
    m.wait_uploads(cwd=tiny)
    assert set(files_of(m.cache / "sluice" / "store")) > set(before)


def test_off_is_for_commands_only(machine, tiny, fake_go):
    """SLUICE=off takes the cache from go and run; care and env go on meaning what they say."""
    m = machine()
    off = {"SLUICE": "off", "SLUICE_TRUST_DOMAIN": "guests"}
    told = json.loads(m.sluice_run("env", "--json", cwd=tiny, env=off).ok().stdout)
    tier = m.cache / "sluice" / "domains" / "guests" / "go-build"
    assert told["GOCACHE"] == str(tier)
    collected = m.sluice_run("gc", "--max-size", "1GiB", "--json", cwd=tiny, env=off).ok()
    assert json.loads(collected.stdout)["directory"] == str(tier)
    bad = {**off, "SLUICE_DRAIN": "sometimes", "SLUICE_SUMMARY": None}
    for words in (("env",), ("gc", "--max-size", "1GiB"), ("agent", "status")):
        run = m.sluice_run(*words, cwd=tiny, env=bad)
        assert run.code == 2 and "SLUICE_DRAIN" in run.stderr, run.describe()
    assert m.go("env", "GOCACHE", cwd=tiny, env=bad).ok().stdout.strip() == str(m.gocache)


def test_another_domains_go_commands_have_its_local_tier(machine, tiny):
    """Also those with nothing to cache: `go clean` must not empty the trusted tier."""
    m = machine()
    (m.gocache / "00").mkdir(parents=True)
    kept = m.gocache / "00" / ("00" * 32 + "-d")
    kept.write_text("trusted")
    env = {"SLUICE_TRUST_DOMAIN": "guests"}
    tier = m.cache / "sluice" / "domains" / "guests" / "go-build"
    assert m.go("env", "GOCACHE", cwd=tiny, env=env).ok().stdout.strip() == str(tier)
    (tier / "00").mkdir(parents=True)
    (tier / "00" / kept.name).write_text("guests")
    m.go("clean", "-cache", cwd=tiny, env=env).ok()
    assert kept.exists() and not (tier / "00").exists()
    assert m.go("env", "GOCACHE", cwd=tiny).ok().stdout.strip() == str(m.gocache)


def test_a_home_that_may_not_be_read(machine, tiny):
    """In containers HOME often is another user's: what cannot be read there is not configured."""
    if os.geteuid() != 0:
        pytest.skip("becoming another user needs root")
    nobody = shutil.which("setpriv")
    if nobody is None:
        pytest.skip("setpriv is not installed")
    home = Path("/tmp") / f"sluice-home-{os.getpid()}"
    (home / ".config" / "sluice").mkdir(parents=True)
    (home / ".config" / "sluice" / "config.toml").write_text("quiet = nonsense\n")
    program = home / "sluice"
    try:
        shutil.copy(machine().sluice, program)
        home.chmod(0o755)
        (home / ".config").chmod(0o700)
        words = [nobody, "--reuid=65534", "--regid=65534", "--clear-groups", str(program), "env"]
        env = {"HOME": str(home), "PATH": os.environ["PATH"]}
        run = subprocess.run(words, cwd="/", env=env, capture_output=True, text=True)
        assert run.returncode == 0 and run.stderr == "", run
    finally:
        shutil.rmtree(home)


def test_drain_timeout_waits_for_every_agent_of_the_job(machine, tiny):
    """A flag that does not choose an agent leaves all of them meant."""
    m = machine()
    store = (m.root / "s-flag").as_uri()
    env = {"XDG_CACHE_HOME": str(m.cache)}
    for flags in ((), ("--store", store)):
        m.go("build", "./part", cwd=tiny, flags=(*flags, "--no-remote=false"), env=env).ok()
    agents = {"--drain-timeout": 2, "--store": 1}
    for flag, count in agents.items():
        words = (flag, store if flag == "--store" else "5m")
        told = m.sluice_run("agent", "status", *words, "--json", cwd=tiny, env=env).ok().stdout
        assert len(json.loads(told)["agents"]) == count, (flag, told)
    quiet = m.sluice_run("--quiet", "agent", "status", "--json", cwd=tiny, env=env).ok().stdout
    assert len(json.loads(quiet)["agents"]) == 2
