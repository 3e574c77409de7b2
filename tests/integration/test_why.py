"""sluice why: one edit for each cause, and the cause that it names must be that one.

Each edit is made in a module of its own with a standard library that is warm, so that what is
compiled is what the edit made go compile.
"""

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from conftest import TOOLCHAINS

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


def write_module(root: Path) -> Path:
    for name, content in FILES.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    settle(root)
    return root


def settle(root: Path) -> None:
    """go keeps no result of a test whose inputs are younger than two seconds."""
    old = time.time() - 60
    for path in [root, *root.rglob("*")]:
        os.utime(path, (old, old))


def edit(root: Path, name: str, content: str) -> None:
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


@pytest.fixture
def desk(machine, tmp_path):
    def make(env: dict | None = None, name: str = "desk") -> Desk:
        root = write_module(tmp_path / "work")
        return Desk(machine(name, store=tmp_path / "store"), root, env or {})

    return make


def causes(answer: dict, package: str) -> list[tuple[str, str]]:
    """Of one package that was compiled."""
    found = [one for one in answer["packages"] if one["package"] == package]
    assert len(found) == 1, [one["package"] for one in answer["packages"]]
    assert found[0]["answer"] == "missed", found
    assert found[0]["proven"], found
    return [(cause["kind"], cause["text"]) for cause in found[0]["causes"]]


def test_causes(answer: dict, package: str) -> list[tuple[str, str]]:
    found = [one for one in answer["tests"] if one["package"] == package]
    assert len(found) == 1, answer["tests"]
    assert found[0]["answer"] in ("missed", "refused"), found
    return [(cause["kind"], cause["text"]) for cause in found[0]["causes"]]


test_causes.__test__ = False  # a helper, whatever its name begins with


@pytest.mark.parametrize("version", TOOLCHAINS)
def test_builds(version, desk, toolchain, tmp_path):
    """Files, flags and dependencies, one after the other, against the nearest that is known."""
    at = desk({"GOTOOLCHAIN": toolchain(version)})
    root = at.root
    at.build()
    first = at.why()
    assert causes(first, f"{MODULE}/leaf") == [
        ("never-built", "never built before in any scope")
    ]

    edit(root, "leaf/leaf.go", "package leaf\n\nfunc Of() int { return 2 }\n")
    at.build()
    answer = at.why()
    changed = [("file", "leaf.go changed")]
    assert causes(answer, f"{MODULE}/leaf") == changed
    assert causes(answer, f"{MODULE}/cmd") == changed
    assert [group["root"] for group in answer["groups"]] == [f"{MODULE}/leaf"], answer["groups"]
    assert set(answer["groups"][0]["packages"]) == {
        f"{MODULE}/{name}" for name in ("leaf", "mid", "cmd")
    }
    way = at.why("./cmd")["packages"][0]
    assert way["through"] == [f"{MODULE}/mid", f"{MODULE}/leaf"]

    edit(root, "text/text.txt", "other\n")
    at.build()
    assert causes(at.why(), f"{MODULE}/text") == [("file", "text.txt changed")]

    edit(root, "leaf/more.go", "package leaf\n")
    at.build()
    assert causes(at.why(), f"{MODULE}/leaf") == [("file", "more.go added")]
    (root / "leaf/more.go").rename(root / "leaf/moved.go")
    at.build()
    assert causes(at.why(), f"{MODULE}/leaf") == [("file", "moved.go added; more.go removed")]

    at.build("-gcflags=-N")
    assert causes(at.why(), f"{MODULE}/leaf")[0][0] == "gc_flags"
    at.build("-tags=extra")
    tagged = causes(at.why(), f"{MODULE}/leaf")
    assert tagged == [("file", "leaf_tagged.go added")], tagged
    at.build("-trimpath")
    assert "trimpath" in [kind for kind, _ in causes(at.why(), f"{MODULE}/leaf")]
    at.build(GOAMD64="v2")
    assert causes(at.why(), f"{MODULE}/leaf") == [("architecture", "GOAMD64: v1 -> v2")]
    edit(root, "go.mod", f"module {MODULE}\n\ngo 1.23\n")
    at.build()
    assert causes(at.why(), f"{MODULE}/leaf")[0][0] == "go_directive"

    # The same checkout elsewhere: without -trimpath its place is in every key.
    shutil.copytree(root, tmp_path / "elsewhere")
    moved = Desk(at.machine, tmp_path / "elsewhere", at.env)
    moved.build()
    kinds = [kind for kind, _ in causes(moved.why(), f"{MODULE}/leaf")]
    assert kinds == ["directory"]


def test_another_go(desk, toolchain):
    at = desk({"GOTOOLCHAIN": toolchain(TOOLCHAINS[0])})
    at.build()
    at.env = {"GOTOOLCHAIN": toolchain(TOOLCHAINS[-1])}
    at.build()
    answer = at.why()
    kind, text = causes(answer, f"{MODULE}/leaf")[0]
    assert kind == "compiler" and text.startswith("Go version: go1.2"), text
    # All of the standard library has this one cause: it is one entry.
    assert len(answer["groups"][0]["packages"]) > 30
    assert [cause["kind"] for cause in answer["groups"][0]["causes"]] == ["compiler"]


def test_tests(desk):
    at = desk()
    root = at.root
    mid = f"{MODULE}/mid"
    # Inlined, a constant would be folded, and go rightly finds the same binary.
    edit(root, "leaf/leaf.go", "package leaf\n\n//go:noinline\nfunc Of() int { return 1 }\n")
    at.test()
    assert test_causes(at.why(), mid)[0][0] == "never-built"

    at.test()
    hit = [one for one in at.why()["tests"] if one["package"] == mid]
    assert hit[0]["answer"] in ("local", "reused"), hit

    edit(root, "mid/testdata/file", "two\n")
    at.test()
    assert test_causes(at.why(), mid) == [("test-input", "mid/testdata/file changed")]
    at.test(ASKED="now")
    assert test_causes(at.why(), mid) == [("test-input", "variable ASKED changed")]
    at.test("-run=Test", "./...")
    assert test_causes(at.why(), mid) == [("arguments", "test flags: none -> -run=Test")]
    at.test("-count=1", "./...")
    assert test_causes(at.why(), mid)[0][0] == "uncacheable-flag"
    edit(root, "leaf/leaf.go", "package leaf\n\n//go:noinline\nfunc Of() int { return 0 }\n")
    at.test(code=1)
    assert test_causes(at.why(), mid)[0][0] == "failed"
    edit(root, "leaf/leaf.go", "package leaf\n\n//go:noinline\nfunc Of() int { return 3 }\n")
    at.test()
    answer = at.why()
    assert test_causes(answer, mid) == [("file", "leaf.go changed")]
    assert [one["through"] for one in answer["tests"] if one["package"] == mid][0][-1] == (
        f"{MODULE}/leaf"
    )
    text = at.machine.sluice_run("why", "./mid", cwd=root).ok().stdout
    assert "leaf.go changed" in text


def test_against_another_machine(desk, machine, tmp_path):
    """Run N+1 on another machine is explained by what run N left in the store."""
    at = desk()
    at.build()
    at.machine.wait_uploads(cwd=at.root)
    at.machine.stop()
    other = Desk(machine("other", store=tmp_path / "store"), at.root, {})
    edit(at.root, "leaf/leaf.go", "package leaf\n\nfunc Of() int { return 9 }\n")
    other.build()
    answer = other.why()
    assert causes(answer, f"{MODULE}/leaf") == [("file", "leaf.go changed")]
    assert [group["root"] for group in answer["groups"]] == [f"{MODULE}/leaf"], answer["groups"]
    group = answer["groups"][0]
    assert group["against"]["job"] is None and group["against"]["source"]
    # What came from the store is named, too.
    hits = [one for one in answer["packages"] if one["answer"] != "missed"]
    assert f"{MODULE}/text" in [one["package"] for one in hits]


def test_words(desk):
    at = desk()
    m = at.machine
    nothing = m.sluice_run("why", cwd=at.root)
    assert nothing.code == 1 and "no journal yet" in nothing.stderr, nothing.describe()
    at.build()
    for words, said in (
        (["--job", "nothing"], "no job nothing in the journal"),
        (["--against", "77"], "no job 77"),
        (["./none"], f"no package ./none"),
        (["--nonsense"], "--nonsense"),
    ):
        run = m.sluice_run("why", *words, cwd=at.root)
        assert run.code == 2 and said in run.stderr, run.describe()
        assert len(run.stderr.strip().splitlines()) == 1, run.describe()
    # Later of a kind nobody knows, or damaged: one line, and a fresh one.
    m.stop()
    journal = m.cache / "sluice" / "journal"
    (journal / "journal.db").write_bytes(b"x" * 9000)
    at.build()
    m.stop()
    run = m.sluice_run("why", cwd=at.root)
    assert (journal / "journal.db.broken").exists()
    assert run.code == 0, run.describe()


def test_off_and_in_nobodys_way(desk):
    """Without a journal, with one that cannot be written, and killed: builds are as they were."""
    at = desk()
    at.build(SLUICE_JOURNAL="off")
    journal = at.machine.cache / "sluice" / "journal"
    assert not journal.exists()
    at.machine.stop()
    journal.write_text("in the way")
    edit(at.root, "leaf/leaf.go", "package leaf\n\nfunc Of() int { return 4 }\n")
    at.build()
    journal.unlink()
    at.machine.stop()
    edit(at.root, "leaf/leaf.go", "package leaf\n\nfunc Of() int { return 5 }\n")
    at.build()
    assert causes(at.why(), f"{MODULE}/leaf")
