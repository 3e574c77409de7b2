"""The modules of a build list on an empty machine: `sluice mod restore`, next to `go mod download`
from a module proxy and to a tarball of the same, everything over the same network.

What each leaves must be enough for go without a proxy: `go list -deps` is asked after every step.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import time
from pathlib import Path

from programs import Program, say, spread
from remote import Network, Side, Sluice, Tarball
from wan import Wan, build_program

K_FASTER_THAN_DOWNLOAD = 4.0
K_FASTER_THAN_TARBALL = 1.4
# go's own, and what a tarball of modules has no use for.
K_LEFT_OUT = ("*.zip", "*.lock", "*/@v/list", "cache/sluice", "cache/vcs", "cache/download/sumdb")


class Server:
    """The module proxy and the way to it."""

    def __init__(self, root: Path, modcache: Path, network: Network, go_env: dict):
        source = Path(__file__).with_name("modserver")
        binary = build_program(source, root / "modserver", go_env)
        self.process = subprocess.Popen(
            [binary, modcache / "cache" / "download"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.way: Wan = network.way(self.process.stdout.readline().strip())

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def lists(side: Side, program: Program) -> int:
    """How many packages go finds in what is there now, with no proxy."""
    run = side.machine.plain_go(
        "list", "-deps", "./...", cwd=program.path, env={"GOPROXY": "off", "GOFLAGS": "-mod=mod"}
    )
    if run.code != 0:
        raise SystemExit(f"bench: modules: {side.name}: {run.describe()}")
    return len(run.stdout.splitlines())


def own_cache(side: Side) -> Path:
    side.new_machine()
    cache = side.machine.root / "gomod"
    side.machine.env["GOMODCACHE"] = str(cache)
    return cache


def only_needed(program: Program, go_env: dict, target: Path) -> Path:
    """A module cache with nothing but the build list, made from the one that is there."""
    have = Path(go_env["GOMODCACHE"])
    env = {**os.environ, **go_env, "GOMODCACHE": str(target)}
    env |= {"GOPROXY": (have / "cache" / "download").as_uri(), "GOSUMDB": "off"}
    subprocess.run(["go", "mod", "download"], cwd=program.path, env=env, check=True)
    return target


def counted(cache: Path) -> dict:
    files = [path for path in cache.rglob("*") if path.is_file()]
    trees = [path for path in files if not path.is_relative_to(cache / "cache")]
    return {
        "modules": len(list((cache / "cache" / "download").rglob("*.ziphash"))),
        "files": len(trees),
        "bytes": sum(path.stat().st_size for path in trees),
    }


class ModuleTarball(Tarball):
    def pack(self, cache: Path) -> None:
        self.root.mkdir(exist_ok=True)
        archive = self.root / "modules.tar.zst"
        excludes = [f"--exclude={pattern}" for pattern in K_LEFT_OUT]
        script = 'c=$1; a=$2; shift 2; tar -C "$c" -c "$@" . | zstd -3 -q -f -T0 -o "$a"'
        self._shell(script, str(cache), str(archive), *excludes)
        self._shell('"$@"', *self._curl("-T", str(archive)))

    def unpack(self, cache: Path) -> float:
        cache.mkdir(parents=True)
        script = 'c=$1; shift; "$@" | zstd -dc | tar -C "$c" -x'
        return self._shell(script, str(cache), *self._curl())


def measure(
    root: Path, program: Program, sluice: Sluice, tarball: Tarball, go: Side, network: Network,
    go_env: dict, rounds: int,
) -> dict:  # fmt: skip
    needed = only_needed(program, go_env, root / "needed")
    result: dict = {"size": counted(needed), "took": {}, "bytes": {}, "packages": {}}
    server = Server(root, needed, network, go_env)
    network.open.append(server)
    sluice.new_store()
    tarball.new_store()
    sluice.new_machine()
    sluice.machine.env |= {"GOMODCACHE": str(needed), "SLUICE_MODULES": "on"}
    sluice.run(program, "list", "./...")
    result["first_save_s"] = sluice.save(program)
    tarball.pack(needed)

    def by_download() -> float:
        own_cache(go)
        env = {"GOPROXY": server.way.url, "GOSUMDB": "off"}
        started = time.monotonic()
        go.machine.plain_go("mod", "download", cwd=program.path, env=env).ok()
        return time.monotonic() - started

    def by_tarball() -> float:
        return tarball.unpack(own_cache(tarball))

    def by_restore() -> float:
        own_cache(sluice)
        started = time.monotonic()
        run = sluice.machine.sluice_run("mod", "restore", "--json", cwd=program.path).ok()
        took_s = time.monotonic() - started
        result["restored"] = json.loads(run.stdout)
        return took_s

    steps = {
        "go mod download": (by_download, go, server.way),
        "tar.zst": (by_tarball, tarball, tarball.way),
        "sluice mod restore": (by_restore, sluice, sluice.way),
    }
    for number in range(rounds):
        names = list(steps)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            step, side, way = steps[name]
            os.sync()
            before = way.stats()["bytes_down"]
            took_s = step()
            result["took"].setdefault(name, []).append(took_s)
            result["bytes"][name] = way.stats()["bytes_down"] - before
            result["packages"][name] = lists(side, program)
            say(f"{program.name} modules: {name}: {took_s:.2f} s")
            # Kept: ext4 looks long for room where many files were removed a moment ago.
            for path in sorted(side.machine.root.glob("gomod")):
                shutil.move(path, path.with_name(f"was-{number}"))
    return result


def print_tables(result: dict) -> None:
    print(f"\nModules on an empty machine, store and proxy behind {result['rtt']} and "
          f"{result['mbit']} Mbit/s\n")  # fmt: skip
    print("| program | what | s | times as long as sluice | bound | MB down |")
    print("| --- | --- | --- | --- | --- | --- |")
    bounds = {"go mod download": K_FASTER_THAN_DOWNLOAD, "tar.zst": K_FASTER_THAN_TARBALL}
    for name, measured in result["programs"].items():
        ours = measured["took"]["sluice mod restore"]
        size = measured["size"]
        for what, took in measured["took"].items():
            ratios = [theirs / mine for theirs, mine in zip(took, ours)]
            bound = bounds.get(what)
            is_met = bound and statistics.median(ratios) >= bound
            said = f"at least {bound:g} {'met' if is_met else 'MISSED'}" if bound else ""
            print(
                f"| {name} | {what} | {spread(took)} | {spread(ratios)} | {said} "
                f"| {measured['bytes'][what] / 1e6:.1f} |"
            )
        print(f"\n{name}: {size['modules']} modules, {size['files']} files, "
              f"{size['bytes'] / 1e9:.2f} GB; packages found after it: "
              f"{measured['packages']}")  # fmt: skip
