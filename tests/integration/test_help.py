"""Help, man pages and completions: exactly what works, from one table."""

import json
import os
import re
import shutil
import subprocess

import pytest
from sluice_harness import REPO

COMMANDS = {"go", "run", "job", "cacheprog", "env", "agent", "stats", "report", "doctor", "gc"}
COMMANDS |= {"why", "mtime", "trace", "mod", "save", "restore", "ci", "init", "fsck", "clear"}
COMMANDS |= {"advise", "version", "completion", "man", "help"}

# A value for every flag that takes one; a flag that help names and this table does not is a
# failure, so that the table grows.
VALUES = {
    "store": "file:///nonexistent/store",
    "mode": "auto",
    "drain": "auto",
    "drain-timeout": "5s",
    "store-patience": "2s",
    "parallel": "auto",
    "junit": "/dev/null",
    "class": "unit",
    "filter": "class(unit)",
    "shard": "1/2",
    "plan": "/dev/null",
    "now": "2",
    "slots": "4",
    "cpu": "50%",
    "cores": "8",
    "memory": "100GiB",
    "free-memory": "1GiB",
    "task-cores": "0.5",
    "task-memory": "100MB",
    "slowest": "3",
    "retries": "1",
    "verify": "1%",
    "trust-domain": "trusted",
    "link-cache": "on",
    "test-results": "go",
    "verify-tests": "1%",
    "same-path": "always",
    "journal": "on",
    "modules": "off",
    "job": "last",
    "against": "last",
    "format": "json",
    "last": "5",
    "file": "/dev/null",
    "max-size": "100GiB",
    "max-age": "400d",
    "grace": "24h",
    "drop-scope": "branch:none",
    "pack-live": "40%",
    "shell": "sh",
    "region": "cache.Invalidate",
    "path": "part",
    "key": "k",
    "fallback": "k",
    "exclude": "*.log",
    "hold": "1m",
    "directory": "",  # below
    "action": "acme/sluice@v1",
}
SWITCHES = {
    "rerun-failed",
    "isolated",
    "explain-schedule",
    "trace",
    "scope",
    "read-only",
    "no-remote",
    "publish-local",
    "keep-credentials",
    "quiet",
    "json",
    "files",
    "environment",
    "write",
    "unwrite",
    "dry-run",
    "force",
    "replace",
    "repair",
    "yes",
    "help",
    "version",
}


def commands_in(text: str) -> set[str]:
    return set(re.findall(r"^  (?!sluice )([a-z]+)(?:  |\t| [A-Z\[<.-])", text, re.M))


def test_help_lists_what_works(machine):
    m = machine()
    text = m.sluice_run("help").ok().stdout
    assert commands_in(text) >= COMMANDS - {"help"}, text
    assert m.sluice_run("--help").ok().stdout == text
    for name in commands_in(text):
        page = m.sluice_run("help", name).ok()
        assert page.stdout.strip() and page.stderr == "", name
        if name not in ("go", "run"):
            assert m.sluice_run(name, "--help").ok().stdout == page.stdout, name


@pytest.fixture
def trace_file(tmp_path, go_env):
    """A runtime trace, and go's own cache for the tool that reads it."""
    file = tmp_path / "trace.out"
    where = REPO / "examples" / "invalidate"
    env = {**os.environ, **go_env}
    subprocess.run(["go", "run", ".", str(file)], cwd=where, env=env, check=True)
    gocache = subprocess.run(["go", "env", "GOCACHE"], capture_output=True, text=True, check=True)
    return file, {"GOCACHE": gocache.stdout.strip()}


def test_every_flag_in_help_is_accepted(machine, tiny, trace_file):
    m = machine()
    m.go("vet", "./part", cwd=tiny).ok()  # so that there is a job to tell of
    trace, trace_env = trace_file
    repository = m.root / "repository"
    subprocess.run(["git", "init", "-q", repository], check=True)
    workflow = repository / ".github/workflows/ci.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("jobs:\n  a:\n    steps:\n      - run: go vet\n")
    values = {**VALUES, "init file": str(workflow), "man directory": str(m.root / "man")}
    harmless = {
        "ci": ["begin"],
        "init": ["github"],
        "go": ["version"],
        "test": ["./part"],
        "run": ["--", "true"],
        "job": ["--", "true"],
        "cacheprog": [],
        "env": [],
        "agent": ["status"],
        "stats": [],
        "report": [],
        "doctor": [],
        "gc": ["--max-age", "900d"],
        "fsck": [],
        "clear": ["local"],
        "journal": ["path"],
        "key": ["list"],
        "advise": ["parallelism"],
        "mod": ["restore"],
        "mtime": [],
        "restore": ["tool", "--path", "go.mod", "--key", "k"],
        "save": ["tool", "--path", "go.mod", "--key", "k", "--read-only"],
        "why": [],
        "trace": [str(trace)],
        "version": [],
        "completion": ["bash"],
        "man": [],
        "help": [],
    }
    for name in sorted(commands_in(m.sluice_run("help").ok().stdout)):
        page = m.sluice_run("help", name).ok().stdout
        flags = set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", page))
        if name == "why":
            m.go("vet", "./part", cwd=tiny).ok()  # the last job is one that --trace can run again
        unknown = flags - set(VALUES) - SWITCHES
        assert not unknown, f"sluice {name} has flags this test does not know: {unknown}"
        # --file is for `key new`: test_attacks.py has it.
        elsewhere = {"help", "write", "unwrite"} | ({"file"} if name == "key" else set())
        for flag in sorted(flags - elsewhere):
            takes_value = flag in VALUES and (name, flag) != ("doctor", "store")
            value = values.get(f"{name} {flag}", VALUES.get(flag))
            words = [f"--{flag}", value] if takes_value else [f"--{flag}"]
            before, after = ([], harmless[name])
            if name in ("agent", "ci", "init", "journal", "key", "mod", "restore", "save", "clear"):
                before, after = harmless[name], []
            if (name, flag) == ("ci", "file"):
                before = ["end"]
            if name == "gc" and flag in ("grace", "drop-scope", "pack-live"):
                before, after = ["remote"], []
            if (name, flag) == ("test", "plan"):
                before = ["--shard", "plan/2"]
            if name == "clear" and flag not in ("yes", "dry-run"):
                after = ["--dry-run"]
            where = repository if name in ("mtime", "init") else tiny
            env = trace_env if name == "trace" else {}
            run = m.sluice_run(name, *before, *words, *after, cwd=where, stdin="", env=env)
            assert run.code == 0, f"sluice {name} {words}: {run.describe()}"


def test_version(machine):
    m = machine()
    text = m.sluice_run("version").ok().stdout
    assert re.match(r"sluice \S+", text), text
    told = json.loads(m.sluice_run("version", "--json").ok().stdout)
    assert told["version"] in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions(shell, machine):
    m = machine()
    text = m.sluice_run("completion", shell).ok().stdout
    for name in COMMANDS:
        assert name in text, name
    assert "drain-timeout" in text
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=text, text=True, check=True)
        script = (
            text + '\nCOMP_WORDS=(sluice ag); COMP_CWORD=1; COMP_LINE="sluice ag"; COMP_POINT=9\n'
            'f=$(complete -p sluice | sed "s/.*-F \\([^ ]*\\).*/\\1/"); $f sluice ag sluice; '
            'echo "${COMPREPLY[@]}"\n'
        )
        out = subprocess.run(["bash", "--norc"], input=script, text=True, capture_output=True)
        assert out.stdout.split() == ["agent"], out
    elif shutil.which(shell):
        subprocess.run([shell, "-n"], input=text, text=True, check=True)


def test_man_pages(machine):
    m = machine()
    for words in [(), ("go",), ("gc",), ("agent",)]:
        page = m.sluice_run("man", *words).ok().stdout
        assert page.startswith(".TH ") or "\n.TH " in page[:300], page[:100]
        assert ".SH NAME" in page and ".SH SYNOPSIS" in page
        if shutil.which("man"):
            out = subprocess.run(
                ["man", "--warnings", "-l", "-"], input=page, text=True, capture_output=True
            )
            assert out.returncode == 0 and out.stderr == "", out.stderr


def test_no_arguments(machine):
    m = machine()
    assert m.sluice_run().ok().stdout == m.sluice_run("help").ok().stdout
