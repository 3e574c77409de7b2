"""A git repository of a program's versions and small changes between them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from programs import CADDY, module_source, say

CADDY_VERSIONS = ("v2.9.1", "v2.10.0", "v2.10.1", "v2.10.2")


def _git(repository: Path, *words: str) -> str:
    env = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
           for what, value in (("NAME", "bench"), ("EMAIL", "bench@example.com"),
                               ("DATE", "2025-01-01T00:00:00Z"))},
    }  # fmt: skip
    done = subprocess.run(
        ["git", *words], cwd=repository, env=env, capture_output=True, text=True, check=True
    )
    return done.stdout


def _append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def _comment(root: Path) -> None:
    _append(root / "modules" / "caddyhttp" / "rewrite" / "rewrite.go", "\n// A comment.\n")


def _leaf(root: Path) -> None:
    """A function in a package that only the main package's imports reach."""
    _append(
        root / "modules" / "caddyhttp" / "rewrite" / "rewrite.go",
        "\nfunc replayed(n int) int { return n + 1 }\n\nvar _ = replayed\n",
    )


def _wide(root: Path) -> None:
    """A function in the package that nearly every other imports."""
    _append(root / "caddy.go", "\n// Replayed is new.\nfunc Replayed(n int) int { return n + 2 }\n")


def _go_mod(root: Path) -> None:
    """A line of go.mod that changes no version: the requirement of the go line's patch release."""
    path = root / "go.mod"
    text = path.read_text()
    changed = re.sub(r"(?m)^(go \d+\.\d+)(?:\.\d+)?$", r"\1.0", text, count=1)
    if changed == text:
        changed = text + "\n// replayed\n"
    path.write_text(changed)


SMALL = (("a comment", _comment), ("a leaf function", _leaf), ("a wide package", _wide),
         ("a line of go.mod", _go_mod))  # fmt: skip


def caddy_commits(root: Path, env: dict) -> list[tuple[str, Path]]:
    """(name, checkout with .git) of each commit, oldest first."""
    repository = root / "repository"
    repository.mkdir(parents=True)
    _git(repository, "init", "-q", "-b", "main")
    commits: list[tuple[str, Path]] = []

    def commit(name: str) -> None:
        _git(repository, "add", "-A")
        _git(repository, "commit", "-q", "-m", name)
        kept = root / f"commit{len(commits)}"
        shutil.copytree(repository, kept, symlinks=True)
        commits.append((name, kept))

    for number, version in enumerate(CADDY_VERSIONS):
        source = module_source(root, env, CADDY, version)
        for old in repository.iterdir():
            if old.name != ".git":
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        shutil.copytree(source, repository, dirs_exist_ok=True)
        commit(version)
        name, change = SMALL[number]
        change(repository)
        commit(f"{version} and {name}")
    say(f"replay: {len(commits)} commits")
    return commits
