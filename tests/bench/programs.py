"""The programs that the benchmarks build, and what keeps disk and memory out of the numbers."""

from __future__ import annotations

import dataclasses
import json
import mmap
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "tests" / "integration"))

from sluice_harness import SHOP, fresh_checkout  # noqa: E402

CADDY = "github.com/caddyserver/caddy/v2"
CADDY_VERSION = "v2.10.2"
PROMETHEUS = "github.com/prometheus/prometheus"
PROMETHEUS_VERSION = "v0.305.0"

HELLO = """package main

import (
	"fmt"
	"net/http"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") })
	if err := http.ListenAndServe("127.0.0.1:8080", nil); err != nil {
		panic(err)
	}
}
"""

MEMORY_DISK = Path("/dev/shm")
WORK_BYTES_MIN = 2 << 30


def say(*words: str) -> None:
    print(*words, file=sys.stderr, flush=True)


def touch_memory(size: int) -> float:
    """Have free memory's pages from the host, and earlier writes on the disk, before anything is
    measured. Returns the seconds that the memory took.
    """
    os.sync()
    available = os.sysconf("SC_AVPHYS_PAGES") * mmap.PAGESIZE
    started = time.monotonic()
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE
    mmap.mmap(-1, min(size, available // 2), flags=flags).close()
    return time.monotonic() - started


def work_in_memory() -> tempfile.TemporaryDirectory | None:
    """Where go puts what it removes again, when there is room in memory."""
    if not MEMORY_DISK.is_dir() or shutil.disk_usage(MEMORY_DISK).free < WORK_BYTES_MIN:
        return None
    return tempfile.TemporaryDirectory(prefix="sluice-bench-", dir=MEMORY_DISK)


def spread(values: list[float], unit: str = "") -> str:
    if len(values) == 1:
        return f"{values[0]:.2f}{unit} (1 round)"
    low, high = min(values), max(values)
    return f"{statistics.median(values):.2f}{unit} ({low:.2f}-{high:.2f}, {len(values)} rounds)"


@dataclasses.dataclass
class Target:
    """What is built: the main package of the module at a path."""

    name: str
    path: Path
    main: str
    memory: int = 512 << 20  # what a build takes, in bytes: linker, outputs, page cache
    vet: tuple[str, ...] = ()  # flags with which go vet has nothing to say


class Program(Target):
    """A main package to build and vet, always at one path."""

    def __init__(self, name: str, source: Path, path: Path, main: str, memory: int = 512 << 20):
        super().__init__(name, path, main, memory)
        self.source = source
        self.checkouts = 0
        self.checkout()

    def checkout(self) -> None:
        """Every file is new, as after a clone on another machine."""
        if self.path.exists():
            self.path.rename(self.path.with_name(f"{self.name}-{self.checkouts}"))
        self.checkouts += 1
        fresh_checkout(self.source, self.path)


def shop(root: Path, env: dict) -> Program:
    return Program("shop", SHOP, root / "work" / "shop", "./cmd/shop")


def hello(root: Path, env: dict) -> Program:
    source = root / "hello-source"
    source.mkdir()
    (source / "go.mod").write_text("module example.com/hello\n\ngo 1.24\n")
    (source / "main.go").write_text(HELLO)
    return Program("hello", source, root / "work" / "hello", ".")


def module_source(root: Path, env: dict, module: str, version: str) -> Path:
    """A module of the proxy as a main module, with everything it needs in the module cache."""
    say(f"fetching {module} {version} and what it needs")
    out = subprocess.run(
        ["go", "mod", "download", "-json", f"{module}@{version}"],
        env=env,
        cwd=root,
        capture_output=True,
        text=True,
    )
    if out.returncode != 0:
        raise SystemExit(
            f"bench: {module} cannot be had from the module proxy: {out.stdout}{out.stderr}"
        )
    source = root / f"source-{module.replace('/', '-')}-{version}"
    shutil.copytree(json.loads(out.stdout)["Dir"], source, copy_function=shutil.copyfile)
    for path in [source, *source.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    subprocess.run(["go", "mod", "download"], env=env, cwd=source, check=True)
    return source


def caddy(root: Path, env: dict) -> Program:
    source = module_source(root, env, CADDY, CADDY_VERSION)
    return Program("caddy", source, root / "work" / "caddy", "./cmd/caddy", memory=2 << 30)


def prometheus(root: Path, env: dict) -> Program:
    source = module_source(root, env, PROMETHEUS, PROMETHEUS_VERSION)
    program = Program(
        "prometheus", source, root / "work" / "prometheus", "./cmd/prometheus", memory=4 << 30
    )
    program.vet = ("-stdmethods=false", "-unreachable=false")
    return program


PROGRAMS = {"shop": shop, "hello": hello, "caddy": caddy, "prometheus": prometheus}
