"""Other ways in: `sluice run` for tools that start go themselves, `sluice env` for shells and
desks.
"""

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from sluice_harness import check_gocache, compiled, github


@pytest.fixture(scope="session")
def fanout(session_root, native) -> Path:
    """The tool that starts many go commands, built by plain go."""
    binary = session_root / "fanout"
    source = Path(__file__).parent / "fanout"
    native.plain_go("build", "-o", str(binary), ".", cwd=source).ok()
    return binary


def test_a_tool_that_starts_many_go_commands(machine, filled_store, checkout, fanout):
    m = machine("m", store=filled_store)
    run = m.sluice_run("run", "--", fanout, cwd=checkout).ok()
    commands, exports = run.stdout.split()[0], int(run.stdout.split()[2])
    assert commands == "30" and exports > 100, run.stdout
    assert run.said == [] and len(run.summary_lines) == 1, run.stderr
    assert run.hits > 100 and run.summary["bytes_down"] > 0, run.summary
    assert len(m.agents()) == 1
    check_gocache(m.gocache)
    # All of them again: nothing comes from outside any more.
    again = m.sluice_run("run", "--", fanout, cwd=checkout).ok()
    assert again.summary["hits_remote"] == 0 and again.summary["bytes_down"] == 0, again.summary


def test_run_sets_both_names(machine, tiny_store, tiny):
    m = machine("m", store=tiny_store)
    run = m.sluice_run("run", "--quiet", "--", "env", cwd=tiny).ok()
    seen = dict(line.split("=", 1) for line in run.stdout.splitlines() if "=" in line)
    assert seen["GOCACHEPROG"] == seen["GOLANGCI_LINT_CACHEPROG"]
    program, word = shlex.split(seen["GOCACHEPROG"])
    assert program == str(m.sluice) and word == "cacheprog"
    assert seen["GOCACHE"] == str(m.gocache)
    assert json.loads(seen["SLUICE_SESSION"])
    assert seen["PATH"] == m.env["PATH"] and seen["HOME"] == m.env["HOME"]


def test_run_keeps_status_and_streams(machine, tiny_store, tiny):
    m = machine("m", store=tiny_store)
    run = m.sluice_run(
        "run", "--quiet", "--", "sh", "-c", "cat; echo err >&2; exit 7", cwd=tiny, stdin="in"
    )
    assert (run.code, run.stdout, run.stderr) == (7, "in", "err\n")
    missing = m.sluice_run("run", "--", "no-such-program-anywhere", cwd=tiny)
    assert (
        missing.code == 127
        and missing.stderr.count("\n") == 1
        and "no-such-program-anywhere" in missing.stderr
    )
    killed = m.sluice_run("run", "--quiet", "--", "sh", "-c", "kill -KILL $$", cwd=tiny)
    assert killed.code in (-9, 137)


def test_run_off(machine, tiny_store, tiny):
    m = machine("m", store=tiny_store)
    run = m.sluice_run("run", "--", "env", cwd=tiny, env={"SLUICE": "off"}).ok()
    assert "GOCACHEPROG=" not in run.stdout and run.stderr == ""


def test_nested(machine, tiny_store, tiny, tiny_first):
    """`sluice go` inside `sluice run` (a Makefile that says sluice itself): one job, one agent, no
    recursion.
    """
    m = machine("m", store=tiny_store)
    out = m.root / "out"
    run = m.sluice_run("run", "--", m.sluice, "go", "build", "-x", "-o", out, ".", cwd=tiny).ok()
    assert compiled(run) == []
    assert out.read_bytes() == tiny_first.native.read_bytes()
    assert len(m.agents()) <= 1


def test_env_in_a_shell(machine, tiny_store, tiny, tiny_first):
    m = machine("m", store=tiny_store)
    out = m.root / "out"
    script = (
        f'eval "$({shlex.quote(str(m.sluice))} env)" && go build -x -o {shlex.quote(str(out))} .'
    )
    run = m.run("sh", "-c", script, cwd=tiny).ok()
    assert compiled(run) == []
    assert out.read_bytes() == tiny_first.native.read_bytes()


def test_env_in_a_job_of_a_ci(machine, tiny_store, tiny):
    """What plain go did after it is that job's, for stats as for why."""
    m = machine("m", store=tiny_store)
    m.env |= github()
    script = 'eval "$({0} env)"; go build ./part; go build ./...; {0} stats --json'
    run = m.run("sh", "-ec", script.format(shlex.quote(str(m.sluice))), cwd=tiny).ok()
    numbers = json.loads(run.stdout)
    assert numbers["lookups"] > 10, numbers
    why = json.loads(m.sluice_run("why", "--json", cwd=tiny).ok().stdout)
    assert why["uid"] == numbers["job"]["uid"] and why["uid"].startswith("github/"), why["uid"]
    assert [one["words"][2] for one in why["commands"]] == ["./part", "./..."]


def test_env_with_a_hostile_directory(machine, tiny_store, tiny, tmp_path):
    """Values are quoted for the shell: a cache directory with spaces and quotes stays one word."""
    m = machine("m", store=tiny_store)
    cache = tmp_path / 'it\'s a "cache" $(touch pwned) dir'
    cache.mkdir()
    m.env["XDG_CACHE_HOME"] = str(cache)
    script = f'eval "$({shlex.quote(str(m.sluice))} env)" && printf %s "$GOCACHE"'
    run = m.run("sh", "-c", script, cwd=tiny).ok()
    assert run.stdout == str(cache / "go-build")
    assert not list(tiny.glob("pwned*"))


def test_env_forms(machine, tiny_store, tiny):
    m = machine("m", store=tiny_store)
    as_json = json.loads(m.sluice_run("env", "--json", cwd=tiny).ok().stdout)
    assert as_json["GOCACHEPROG"].endswith(" cacheprog")
    fish = m.sluice_run("env", "--shell", "fish", cwd=tiny).ok().stdout
    assert "set -gx GOCACHEPROG " in fish
    dotenv = m.sluice_run("env", "--shell", "dotenv", cwd=tiny).ok().stdout
    assert any(line.startswith("GOCACHEPROG=") for line in dotenv.splitlines())
    github_file = m.root / "github-env"
    github_file.write_text("")
    said = (
        m.sluice_run("env", "--shell", "github", cwd=tiny, env={"GITHUB_ENV": str(github_file)})
        .ok()
        .stdout
    )
    assert "GOCACHEPROG" in github_file.read_text() + said


def test_env_write_and_unwrite(machine, tiny_store, tiny, tiny_first):
    """For desks and IDEs: go itself remembers the program; unwrite leaves what was there before."""
    m = machine("m", store=tiny_store)
    goenv = m.root / "goenv"
    goenv.write_text("GOPRIVATE=example.com/private\n")
    before = goenv.read_text()
    env = {"GOENV": str(goenv)}
    m.sluice_run("env", "--write", cwd=tiny, env=env).ok()
    told = (
        m.run("go", "env", "GOCACHEPROG", "GOPRIVATE", cwd=tiny, env=env).ok().stdout.splitlines()
    )
    assert shlex.split(told[0]) == [str(m.sluice), "cacheprog"] and told[1] == "example.com/private"
    out = m.root / "out"
    run = m.run("go", "build", "-x", "-o", out, ".", cwd=tiny, env=env).ok()
    assert compiled(run) == []
    m.sluice_run("env", "--write", cwd=tiny, env=env).ok()
    m.sluice_run("env", "--unwrite", cwd=tiny, env=env).ok()
    assert goenv.read_text() == before
    m.sluice_run("env", "--unwrite", cwd=tiny, env=env).ok()
    assert goenv.read_text() == before


def test_env_write_respects_another_program(machine, tiny):
    m = machine()
    goenv = m.root / "goenv"
    goenv.write_text("GOCACHEPROG=/opt/other/cacheprog\n")
    run = m.sluice_run("env", "--write", cwd=tiny, env={"GOENV": str(goenv)})
    assert run.code != 0 and "/opt/other/cacheprog" in run.stderr
    m.sluice_run("env", "--unwrite", cwd=tiny, env={"GOENV": str(goenv)})
    assert goenv.read_text() == "GOCACHEPROG=/opt/other/cacheprog\n"


def test_sluice_from_path_and_link(machine, tiny_store, tiny):
    """Started through a symbolic link on PATH, sluice still names a program that go can start."""
    m = machine("m", store=tiny_store)
    (m.root / "bin").mkdir()
    (m.root / "bin" / "sluice").symlink_to(m.sluice)
    env = {"PATH": f"{m.root / 'bin'}:{m.env['PATH']}"}
    run = m.run("sluice", "go", "build", "-x", "-o", m.root / "out", ".", cwd=tiny, env=env).ok()
    assert compiled(run) == []


def test_works_in_an_empty_root(machine, tmp_path):
    """The binary is static: it runs where there is nothing else, not even a /tmp or a passwd
    file.
    """
    if os.geteuid() != 0:
        pytest.skip("chroot needs root")
    chroot = shutil.which("chroot")
    m = machine()
    root = tmp_path / "root"
    root.mkdir()
    (root / "sluice").write_bytes(m.sluice.read_bytes())
    (root / "sluice").chmod(0o755)
    out = subprocess.run(
        [chroot, root, "/sluice", "version"], capture_output=True, text=True, env={"PATH": "/"}
    )
    assert out.returncode == 0 and "sluice" in out.stdout, out
    hello = subprocess.run(
        [chroot, root, "/sluice", "cacheprog"],
        input=b"",
        capture_output=True,
        env={"PATH": "/", "HOME": "/"},
        timeout=30,
    )
    assert hello.returncode == 0 and b"KnownCommands" in hello.stdout, hello


def test_env_write_has_only_what_a_cache_program_takes(machine, tiny_store, tiny):
    """--quiet and --drain concern the command around go; written into GOCACHEPROG they broke go."""
    m = machine("m", store=tiny_store)
    env = {"GOENV": str(m.root / "goenv")}
    flags = ("--quiet", "--drain", "wait", "--mode", "auto", "--read-only")
    m.sluice_run(*flags, "env", "--write", cwd=tiny, env=env).ok()
    told = m.run("go", "env", "GOCACHEPROG", cwd=tiny, env=env).ok().stdout
    assert shlex.split(told) == [str(m.sluice), "cacheprog", "--read-only=true"]
    run = m.run("go", "build", "-x", "-o", m.root / "out", ".", cwd=tiny, env=env).ok()
    assert compiled(run) == []


def test_env_keeps_a_store_that_gocache_names(machine, tiny_store, tiny):
    m = machine()
    url = tiny_store.as_uri()
    env = {"GOCACHE": url}
    told = json.loads(m.sluice_run("env", "--json", cwd=tiny, env=env).ok().stdout)
    assert told["SLUICE_STORE"] == url and told["GOCACHE"] == str(m.gocache)
    for shell in ("sh", "fish", "github", "dotenv"):
        text = m.sluice_run("env", "--shell", shell, cwd=tiny, env=env).ok().stdout
        assert "SLUICE_STORE" in text and url in text, text
    assert "SLUICE_STORE" not in m.sluice_run("env", cwd=tiny).ok().stdout
    out = m.root / "out"
    line = f'eval "$({shlex.quote(str(m.sluice))} env)" && go build -x -o {shlex.quote(str(out))} .'
    assert compiled(m.run("sh", "-c", line, cwd=tiny, env=env).ok()) == []
    m.stop()
    shutil.rmtree(m.gocache)
    goenv = {"GOENV": str(m.root / "goenv")}
    m.sluice_run("env", "--write", cwd=tiny, env={**env, **goenv}).ok()
    run = m.run("go", "build", "-x", "-o", out, ".", cwd=tiny, env=goenv).ok()
    assert compiled(run) == []
