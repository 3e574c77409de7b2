"""What all scripts of the house share: where things are, the tools the project brought along, and
how commands are run.

Nothing here installs anything: bootstrap.py does.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
BINARY = BUILD / "sluice"
CACHE = ROOT / ".cache"
PRIVATE_GO = CACHE / "go"
VENV = CACHE / "venv"
ENGINES = CACHE / "engines" / "bin"  # real servers that the tests run against

GO_MIN = (1, 24)
# One of every supported release: the integration tests run each (tests/integration/conftest.py).
GO_TOOLCHAINS = ("go1.24.11", "go1.25.9", "go1.26.11", "go1.27.4")


def say(text: str) -> None:
    print(text, flush=True)


def fail(text: str) -> None:
    sys.exit(f"{Path(sys.argv[0]).name}: {text}")


def go_version(go: str | Path) -> tuple[int, int] | None:
    """(1, 26) for a go command that works, else nothing. Asked with GOTOOLCHAIN=local: what is
    really there, not what it would download."""
    env = {**os.environ, "GOTOOLCHAIN": "local"}
    try:
        out = subprocess.run([str(go), "version"], capture_output=True, text=True, env=env, cwd="/")
    except OSError:
        return None
    found = re.search(r"\bgo(\d+)\.(\d+)", out.stdout)
    return (int(found[1]), int(found[2])) if out.returncode == 0 and found else None


@cache
def system_go() -> Path | None:
    """The go on PATH when it is new enough."""
    found = shutil.which("go")
    version = go_version(found) if found else None
    return Path(found) if found and version and version >= GO_MIN else None


@cache
def environment() -> dict[str, str]:
    """The environment for every command of the project. Only these commands see it: a private Go is
    first in their PATH and keeps its modules and caches under .cache too."""
    env = dict(os.environ)
    if system_go() is None and (PRIVATE_GO / "bin" / "go").exists():
        env["PATH"] = f"{PRIVATE_GO / 'bin'}{os.pathsep}{env.get('PATH', os.defpath)}"
        env["GOPATH"] = str(CACHE / "gopath")
        env["GOCACHE"] = str(CACHE / "go-build")
        env["GOENV"] = "off"
        env["XDG_CONFIG_HOME"] = str(CACHE / "config")  # go counts its own use there
        env.setdefault("GOFLAGS", "-modcacherw")
    return env


def has_modules(python: str | Path, *modules: str) -> bool:
    look = "import importlib.util as u, sys; sys.exit(None in map(u.find_spec, sys.argv[1:]))"
    try:
        return (
            subprocess.run([str(python), "-c", look, *modules], capture_output=True).returncode == 0
        )
    except OSError:
        return False


@cache
def test_python() -> Path | None:
    """A Python with pytest and pytest-xdist: this one, or that of the project's own environment."""
    for python in (Path(sys.executable), VENV / "bin" / "python"):
        if python.exists() and has_modules(python, "pytest", "xdist"):
            return python
    return None


def cores() -> int:
    return len(os.sched_getaffinity(0))


@contextmanager
def locked(name: str) -> Iterator[None]:
    """One at a time over all processes of this checkout: two `make` wait for one another."""
    CACHE.mkdir(exist_ok=True)
    with open(CACHE / f"{name}.lock", "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another {name} in this checkout")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def git_files(*arguments: str) -> list[Path]:
    """Files of the checkout that are tracked or could be: nothing that .gitignore names."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *arguments]
    out = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout
    return [path for path in (ROOT / name for name in out.split("\0") if name) if path.is_file()]
