"""Random edits of a module: what sluice prints for each package is what its test says now.

The oracle is the test binary itself, run anew each time: what `go test -count=1` does.
"""

import os
import random
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

K_MARK = "x"  # a test fails where it finds this, in whatever it consults

# package: the body of find(), which says whether the mark is in what this test consults.
PACKAGES = {
    "reads": """
	for _, name := range []string{"data/a", "data/b", "data/sub/c"} {
		b, err := os.ReadFile(name)
		if strings.Contains(string(b), "x") || os.IsPermission(err) {
			return true
		}
	}
	return false""",
    "lists": """
	entries, _ := os.ReadDir("data")
	for _, e := range entries {
		info, err := e.Info()
		runs := err == nil && info.Mode().IsRegular() && info.Mode()&0o111 == 0o111
		if strings.Contains(e.Name(), "x") || runs {
			return true
		}
	}
	return false""",
    "stats": """
	for _, name := range []string{"data/a", "data/b"} {
		if info, err := os.Stat(name); err == nil && info.Size()%5 == 0 {
			return true
		}
		info, err := os.Lstat(name)
		if err == nil && info.Mode()&os.ModeSymlink != 0 {
			return true
		}
	}
	return false""",
    "follows": """
	os.Chdir("data")
	b, _ := os.ReadFile("link")
	return strings.Contains(string(b), "x") || strings.Contains(os.Getenv("SLUICE_MARK"), "x")""",
    "asks": """
	os.Stat("data/a")
	os.Stat("data/sub")
	a, _ := exec.Command("cat", "data/a").Output()
	b, _ := exec.Command("ls", "data/sub").Output()
	return strings.Contains(string(a)+string(b)+dep.Text(), "x")""",
}
SOURCE = """package {name}

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"example.com/random/dep"
)

var _, _ = exec.Command, dep.Text

func find() bool {{{body}
}}

func Test(t *testing.T) {{
	if find() {{
		t.Fatal("found")
	}}
}}

var _ = strings.Contains
var _ = os.Args
"""


class World:
    """The module, what is done to it, and what its tests say of it."""

    def __init__(self, root: Path, machine, seed: int):
        self.root = root / "module"
        self.kept = root / "kept"
        self.binaries = root / "binaries"
        self.machine = machine
        self.random = random.Random(seed)
        self.mark = ""
        self.root.mkdir(parents=True)
        self.binaries.mkdir()
        (self.root / "go.mod").write_text("module example.com/random\n\ngo 1.23\n")
        (self.root / "dep").mkdir()
        self.write_dep("one")
        for name, body in PACKAGES.items():
            data = self.root / name / "data"
            (data / "sub").mkdir(parents=True)
            source = SOURCE.format(name=name, body=body)
            (self.root / name / f"{name}_test.go").write_text(source)
            for file in ("a", "b", "sub/c"):
                (data / file).write_text("good")
            (data / "link").symlink_to("a")
        self.age(self.root)
        shutil.copytree(self.root, self.kept, symlinks=True)

    def write_dep(self, text: str) -> None:
        (self.root / "dep/dep.go").write_text(
            f'package dep\n\n//go:noinline\nfunc Text() string {{ return "{text}" }}\n'
        )
        self.built = False

    def age(self, path: Path) -> None:
        """Times that go does not take for too new, others on each call."""
        for at in [path, *(path.rglob("*") if path.is_dir() else [])]:
            then = time.time() - 3600 - self.random.uniform(0, 10000)
            os.utime(at, (then, then), follow_symlinks=False)

    def edit(self) -> str:
        """One change, in words."""
        data = self.root / self.random.choice(list(PACKAGES)) / "data"
        kind = self.random.choice(
            ["write", "write", "same time", "same time", "remove", "rename", "link", "mode",
             "add", "touch", "variable", "dep", "clone", "directory", "relink"]
        )  # fmt: skip
        file = data / self.random.choice(["a", "b", "sub/c"])
        text = self.random.choice(["good", "fine", "mark", "five5", "longer"])
        text = text.replace("mark", f"ba{K_MARK}d")
        if kind in ("write", "same time"):
            before = file.lstat() if file.is_file() and not file.is_symlink() else None
            file.unlink(missing_ok=True)
            file.write_text(text)
            if kind == "same time" and before:
                os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
            else:
                self.age(file)
        elif kind == "remove":
            file.unlink(missing_ok=True)
        elif kind == "rename" and file.exists():
            file.rename(file.with_name(self.random.choice(["a", "b", "c", f"e{K_MARK}tra"])))
        elif kind == "link":
            file.unlink(missing_ok=True)
            file.symlink_to(self.random.choice(["b", "a", "nowhere"]))
        elif kind == "mode" and file.is_file():
            file.chmod(self.random.choice([0o644, 0o755, 0o600, 0o640]))
        elif kind == "add":
            added = data / self.random.choice(["", "sub"]) / self.random.choice(["new", K_MARK])
            added.write_text("") if not added.exists() else added.unlink()
        elif kind == "touch":
            self.age(data)
        elif kind == "variable":
            self.mark = self.random.choice(["", "set", K_MARK])
        elif kind == "dep":
            self.write_dep(self.random.choice(["one", "two", K_MARK]))
            self.age(self.root / "dep")
        elif kind == "clone":
            shutil.rmtree(self.root)
            shutil.copytree(self.kept, self.root, symlinks=True, copy_function=shutil.copyfile)
            self.age(self.root)
            self.built = False
        elif kind == "directory":
            moved = data.with_name("moved")
            data.rename(moved)
            shutil.copytree(moved, data, symlinks=True)
            shutil.rmtree(moved)
        elif kind == "relink":
            (data / "link").unlink(missing_ok=True)
            (data / "link").symlink_to(self.random.choice(["a", "b", "sub/c", "nowhere"]))
        return f"{kind} {file.relative_to(self.root)}"

    def env(self) -> dict[str, str | None]:
        return {"SLUICE_MARK": self.mark or None}

    def truth(self) -> dict[str, bool]:
        """Whether each package's test passes, by running it."""
        if not self.built:
            words = ["test", "-c", "-o", f"{self.binaries}/", "./..."]
            self.machine.plain_go(*words, cwd=self.root).ok()
            self.built = True
        environment = {**self.machine.env, **({"SLUICE_MARK": self.mark} if self.mark else {})}
        return {
            name: subprocess.run(
                [self.binaries / f"{name}.test"],
                cwd=self.root / name,
                env=environment,
                capture_output=True,
            ).returncode
            == 0
            for name in PACKAGES
        }

    def claimed(self) -> tuple[dict[str, bool], int]:
        """Whether each package's test passes, by sluice; how many of the passes were cached."""
        run = self.machine.go("test", "./...", cwd=self.root, env=self.env())
        found = re.findall(r"^(ok  |FAIL)\texample.com/random/(\w+)\t(\S+)", run.stdout, re.M)
        states = {name: word == "ok  " for word, name, _ in found}
        assert set(states) == set(PACKAGES), run.describe()
        assert run.code == (0 if all(states.values()) else 1), run.describe()
        return states, sum(how == "(cached)" for _, _, how in found)


def check(rounds: int, seed: int, machine, tmp_path) -> None:
    world = World(tmp_path, machine("m", store=tmp_path / "store"), seed)
    history: list[str] = []
    cached = failed = 0
    for _ in range(rounds):
        edits = world.random.choice([1, 1, 1, 2, 3])
        history += [world.edit() for _ in range(edits)]
        truth = world.truth()
        claimed, hits = world.claimed()
        assert claimed == truth, f"seed {seed}, after {history[-12:]}"
        cached += hits
        failed += sum(not passed for passed in truth.values())
    # It was about something: most results were reused, and many tests failed.
    assert cached > rounds * len(PACKAGES) / 3 and failed > rounds / 4, (cached, failed)


def test_two_hundred_rounds(machine, tmp_path):
    check(200, 1, machine, tmp_path)


@pytest.mark.matrix
@pytest.mark.parametrize("seed", range(2, 12))
def test_five_thousand_rounds(seed, machine, tmp_path):
    check(500, seed, machine, tmp_path)
