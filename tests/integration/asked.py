"""A small module to explain and a desk to explain it at, for tests of what reads the journal."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

MODULE = "example.com/asked"
FILES = {
    "go.mod": f"module {MODULE}\n\ngo 1.24\n",
    "leaf/leaf.go": "package leaf\n\nfunc Of() int { return 1 }\n",
    "leaf/leaf_tagged.go": "//go:build extra\n\npackage leaf\n\nfunc init() { println(1) }\n",
    "mid/mid.go": f"""package mid

import "{MODULE}/leaf"

func Of() int {{ return leaf.Of() }}
""",
    "mid/mid_test.go": f"""package mid

import (
	"os"
	"testing"
)

func Test(t *testing.T) {{
	os.ReadFile("testdata/file")
	os.Getenv("ASKED")
	if Of() == 0 {{
		t.Fatal()
	}}
}}
""",
    "mid/testdata/file": "one\n",
    "text/text.go": 'package text\n\nimport _ "embed"\n\n//go:embed text.txt\nvar T string\n',
    "text/text.txt": "text\n",
    "cmd/main.go": f"""package main

import (
	"{MODULE}/mid"
	"{MODULE}/text"
)

func main() {{ println(mid.Of(), text.T) }}
""",
}


def write_module(root: Path, files: dict[str, str] = FILES) -> Path:
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    settle(root)
    return root


def settle(root: Path) -> None:
    """go keeps no result of a test whose inputs are younger than two seconds."""
    old = time.time() - 60
    for path in [root, *root.rglob("*")]:
        os.utime(path, (old, old), follow_symlinks=False)


def edit(root: Path, name: str, content: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(content)
    settle(root)


class Desk:
    """A machine and a module, with the commands that are compared."""

    def __init__(self, machine, root: Path, env: dict):
        self.machine = machine
        self.root = root
        self.env = env

    def build(self, *flags: str, **env: str) -> None:
        run = self.machine.go("build", *flags, "./...", cwd=self.root, env={**self.env, **env})
        run.ok()

    def test(self, *words: str, code: int = 0, **env: str) -> None:
        words = words or ("./...",)
        run = self.machine.go("test", *words, cwd=self.root, env={**self.env, **env})
        assert run.code == code, run.describe()

    def why(self, *words: str, **options) -> dict:
        run = self.machine.sluice_run("why", "--json", *words, cwd=self.root, env=self.env)
        return json.loads(run.ok().stdout)


def causes(answer: dict, package: str) -> list[tuple[str, str]]:
    """Of one package that was compiled."""
    found = [one for one in answer["packages"] if one["package"] == package]
    assert len(found) == 1, [one["package"] for one in answer["packages"]]
    assert found[0]["answer"] == "missed", found
    assert found[0]["proven"], found
    return [(cause["kind"], cause["text"]) for cause in found[0]["causes"]]
