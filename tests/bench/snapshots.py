"""A directory of 2 GB: `sluice save` and `sluice restore`, next to tar, zstd -3 and one object,
everything over the same network. Then 1 % of its files change.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import time
from pathlib import Path

from programs import say, spread
from remote import Sluice, Tarball

K_SHARE_MAX = 0.03  # of the tree's bytes, sent after 1 % changed
K_SMALL_FILES = 20_000
K_LARGE_FILES = 400
K_SMALL_BYTES = 20_000
K_LARGE_BYTES = 4_000_000
K_CHANGED = 100  # every hundredth file


class Tree:
    """Like what compilers leave: many small files, some large ones, half of the bytes noise."""

    def __init__(self, root: Path, scale: float):
        self.root = root
        self.random = random.Random(1)
        self.text = b" ".join(str(n * n).encode() for n in range(20_000))
        self.small = [root / f"d{n % 200}" / f"s{n}" for n in range(int(K_SMALL_FILES * scale))]
        self.large = [root / f"l{n % 20}" / f"o{n}" for n in range(int(K_LARGE_FILES * scale))]
        for path in self.small:
            self.write(path, K_SMALL_BYTES)
        for path in self.large:
            self.write(path, K_LARGE_BYTES)

    def write(self, path: Path, size: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for _ in range(0, size, 40_000):
                at = self.random.randrange(len(self.text) // 2)
                half = min(20_000, size // 2)
                file.write(self.random.randbytes(half))
                file.write(self.text[at : at + half])

    def change(self) -> None:
        for path in self.small[::K_CHANGED]:
            self.write(path, K_SMALL_BYTES)
        for path in self.large[::K_CHANGED]:
            self.write(path, K_LARGE_BYTES)

    def bytes(self) -> int:
        return sum(path.stat().st_size for path in (*self.small, *self.large))


class TreeTarball(Tarball):
    def pack(self, tree: Path) -> float:
        self.root.mkdir(exist_ok=True)
        archive = self.root / "tree.tar.zst"
        script = 't=$1; a=$2; shift 2; tar -C "$t" -c . | zstd -3 -q -f -o "$a" && "$@"'
        return self._shell(script, str(tree), str(archive), *self._curl("-T", str(archive)))

    def unpack(self, tree: Path) -> float:
        tree.mkdir(parents=True)
        script = 't=$1; shift; "$@" | zstd -dc | tar -C "$t" -x'
        return self._shell(script, str(tree), *self._curl())


def same(one: Path, other: Path) -> None:
    subprocess.run(["diff", "-rq", "--no-dereference", one, other], check=True)


def measure(
    where: Path, sluice: Sluice, tarball: TreeTarball, rounds: int, scale: float
) -> dict:
    tree = Tree(where / "tree", scale)
    result: dict = {"bytes": tree.bytes(), "files": len(tree.small) + len(tree.large)}
    took: dict = {}
    up: dict = {}

    def ours(command: str, key: str) -> float:
        words = (command, "tree", "--path", "tree", "--key", key, "--json")
        started = time.monotonic()
        run = sluice.machine.sluice_run(*words, cwd=where).ok()
        took_s = time.monotonic() - started
        told = json.loads(run.stdout)
        if not told.get("kept" if command == "save" else "exact"):
            raise SystemExit(f"bench: snapshots: {run.stdout}")
        return took_s

    def theirs(command: str, _key: str) -> float:
        if command == "save":
            return tarball.pack(where / "tree")
        return tarball.unpack(where / "tree")

    sides = {"sluice": (ours, sluice.way), "tar and zstd -3": (theirs, tarball.way)}

    def step(what: str, command: str, key: str, number: int) -> None:
        for name in list(sides) if number % 2 else list(sides)[::-1]:
            run, way = sides[name]
            os.sync()
            before = way.stats()["bytes_up"]
            took_s = run(command, key)
            took.setdefault(what, {}).setdefault(name, []).append(took_s)
            up.setdefault(what, {})[name] = way.stats()["bytes_up"] - before
            say(f"snapshots: {name}: {what}: {took_s:.2f} s")
            if command == "restore":
                same(where / "tree", where / "kept")
                # Kept: ext4 looks long for room where many files were removed a moment ago.
                (where / "tree").rename(where / f"was-{number}-{len(list(where.iterdir()))}")

    for number in range(rounds):
        sluice.new_store()
        sluice.new_machine()
        tarball.new_store()
        step("save, nothing there", "save", "one", number)
        tree.change()
        step("save, 1 % changed", "save", "two", number)
        (where / "tree").rename(where / "kept")
        step("restore", "restore", "two", number)
        (where / "kept").rename(where / "tree")
    return result | {"took": took, "up": up}


def print_tables(result: dict) -> None:
    print(f"\nA directory of {result['files']} files, {result['bytes'] / 1e9:.2f} GB, store behind "
          f"{result['rtt']} and {result['mbit']} Mbit/s\n")  # fmt: skip
    print("| step | side | s | times as long as sluice | bound | MB up |")
    print("| --- | --- | --- | --- | --- | --- |")
    for what, sides in result["took"].items():
        for name, took in sides.items():
            ratios = [theirs / mine for theirs, mine in zip(took, sides["sluice"])]
            said = ""
            if name != "sluice":
                said = f"at least 1 {'met' if statistics.median(ratios) >= 1 else 'MISSED'}"
            elif "changed" in what:
                share = result["up"][what]["sluice"] / result["bytes"]
                said = f"{share:.1%} up, 3 % {'met' if share <= K_SHARE_MAX else 'MISSED'}"
            print(
                f"| {what} | {name} | {spread(took)} | {spread(ratios)} | {said} "
                f"| {result['up'][what][name] / 1e6:.1f} |"
            )
