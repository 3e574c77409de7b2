#!/usr/bin/env python3
"""Measures what sluice costs and what it saves, next to go alone and to what else CI does.

    tests/bench/bench.py [--part PART]... [--quick] [--rounds N]
                         [--cold-rounds N] [--program NAME]... [--out FILE]

folder: a store in a folder, sluice next to go alone. remote: a real MinIO behind 20 ms and
1000 Mbit/s, sluice next to go alone, a tarball, gocached and the programs in the folder that
BENCH_PEERS names. replay: consecutive commits of a program, each on an empty machine, over the same
network. reuse: build, vet and test of a fresh clone at another path, on an empty machine, next to
go alone that runs again in place. modules: the modules of a build list on an empty machine, next to
`go mod download` and a tarball. snapshots: a directory of 2 GB saved, saved again with 1 % changed,
and restored, next to tar and zstd. begin: what `sluice ci begin` costs a job. gc: a store of 10,000
jobs and a million records, collected. schedule: suites of tests by `sluice test`, next to `go
test`. memory: tests that together want more than there is.

Within a round the sides take turns. The numbers, the versions and the load of the machine go to a
JSON file.

Four things that cost more than what is measured are kept away from every side. Nothing is deleted
before the end, and go's work directories are in memory: for some minutes ext4 passes over the
inodes of deleted files one by one, and a thousand deletions make every new file cost up to a
millisecond. Before each step what earlier ones wrote goes to the disk: whoever came first in a
round paid a tenth more. And the memory that a step may need is touched once: on a virtual machine
whose host takes free memory back, a page costs up to 15 microseconds when it is used again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

# First: it says where the rest lies.
from programs import PROGRAMS, REPO, Target, say, work_in_memory

import begin  # isort: skip
import collection  # isort: skip
import commits  # isort: skip
import folder  # isort: skip
import memory  # isort: skip
import modules  # isort: skip
import remote  # isort: skip
import reuse  # isort: skip
import schedule  # isort: skip
import snapshots  # isort: skip
from wan import build_wan  # isort: skip

PARTS = ("folder", "remote", "replay", "reuse", "modules", "snapshots", "begin", "gc")
PARTS += ("schedule", "memory")
REMOTE_PROGRAMS = ("hello", "caddy", "prometheus")
REUSE_PROGRAMS = ("caddy", "prometheus")
MODULE_PROGRAMS = ("prometheus",)
SCHEDULE_PROGRAMS = ("caddy", "prometheus")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", action="append", choices=PARTS, help="default: all of them")
    parser.add_argument("--quick", action="store_true", help="one round of the small programs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cold-rounds", type=int, default=2)
    parser.add_argument(
        "--peer-rounds", type=int, default=2, help="of the rounds, those with other cache programs"
    )
    parser.add_argument("--program", action="append", choices=sorted(PROGRAMS))
    parser.add_argument(
        "--repeats", type=int, default=200, help="repeats of the exec-to-first-message measurement"
    )
    parser.add_argument("--steps", default="build,vet", help="of a remote job: build, vet, test")
    parser.add_argument(
        "--side",
        action="append",
        metavar="[PROGRAM:]NAME",
        help="remote: only these, for all programs or for one, beside native and sluice",
    )
    parser.add_argument("--rtt", default="20ms")
    parser.add_argument("--mbit", type=int, default=1000)
    parser.add_argument("--out", type=Path, help="the JSON (default: build/bench/<time>.json)")
    parser.add_argument("--show", type=Path, help="only print the tables of such a JSON")
    options = parser.parse_args()
    options.part = options.part or list(PARTS)
    if options.quick:
        options.rounds = options.cold_rounds = 1
        options.repeats = min(options.repeats, 60)
    return options


def environment() -> dict[str, str]:
    says = subprocess.run(
        ["go", "env", "GOMODCACHE", "GOPROXY", "GOSUMDB"],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    modcache, proxy, sumdb = says.stdout.splitlines()
    return {
        "GOMODCACHE": modcache,
        "GOPROXY": proxy,
        "GOSUMDB": sumdb,
        "GOFLAGS": "-buildvcs=false",
        "GOTOOLCHAIN": os.environ.get("SLUICE_TEST_GOTOOLCHAIN", "local"),
    }


# Takes what a part has measured so far, so that a run that is cut short leaves that.
Save = Callable[[dict], None]


def folder_part(
    root: Path, sluice: Path, go_env: dict, options: argparse.Namespace, save: Save
) -> None:
    # Uploads go on behind the command; how long is measured apart. In a container the default
    # would wait for them.
    go_env = {**go_env, "SLUICE_DRAIN": "detach"}
    say("measuring exec to first message")
    result: dict = {"latency": folder.latency(root, sluice, go_env, options.repeats)}
    result["programs"] = {}
    small = ["shop", "hello"]
    for name in options.program or (small if options.quick else [*small, "caddy"]):
        (root / name).mkdir()
        program = PROGRAMS[name](root, {**os.environ, **go_env})
        result["programs"][name] = folder.measure(
            program, root / name, sluice, go_env, options.rounds, options.cold_rounds
        )
        save(result)


def sides_of(
    program: str,
    root: Path,
    sluice: Path,
    go_env: dict,
    network: remote.Network,
    options: argparse.Namespace,
) -> list[remote.Side]:
    peers = os.environ.get("BENCH_PEERS")
    others: list[remote.Side] = [
        remote.Tarball(root / "tarball", go_env, network),
        *remote.peers(root, go_env, network, Path(peers).resolve() if peers else None),
    ]
    if options.side is not None:
        others = [
            side
            for side in others
            if side.name in options.side or f"{program}:{side.name}" in options.side
        ]
    native = remote.Side(root / "native", go_env)
    return [native, remote.Sluice(root / "sluice", go_env, sluice, network), *others]


def remote_part(
    root: Path, sluice: Path, go_env: dict, options: argparse.Namespace, save: Save
) -> None:
    wan = build_wan(root / "wan", go_env)
    result: dict = {"rtt": options.rtt, "mbit": options.mbit, "programs": {}}
    for name in options.program or (["hello"] if options.quick else REMOTE_PROGRAMS):
        own = root / name
        own.mkdir()
        network = remote.Network(own, wan, options.rtt, options.mbit)
        try:
            program = PROGRAMS[name](own, {**os.environ, **go_env})
            result["programs"][name] = remote.measure(
                program,
                sides_of(name, own, sluice, go_env, network, options),
                options.steps.split(","),
                network,
                options.rounds,
                options.cold_rounds,
                options.peer_rounds,
            )
            save(result)
        finally:
            network.stop()


def replay_part(
    root: Path, sluice: Path, go_env: dict, options: argparse.Namespace, save: Save
) -> None:
    wan = build_wan(root / "wan", go_env)
    network = remote.Network(root, wan, options.rtt, options.mbit)
    go_env = {**go_env, "GOFLAGS": ""}  # with the version control's state, as go does by default
    try:
        made = commits.caddy_commits(root / "commits", {**os.environ, **go_env})
        sides: list[remote.Side] = [
            remote.Side(root / "native", go_env),
            remote.Sluice(root / "sluice", go_env, sluice, network),
            remote.Tarball(root / "tarball", go_env, network),
            remote.KeyedTarball(root / "keyed", go_env, network),
        ]
        target = Target("replay", root / "work" / "caddy", "./cmd/caddy", 2 << 30)
        save(remote.replay(made, target, sides, network))
    finally:
        network.stop()


def reuse_part(
    root: Path, sluice: Path, go_env: dict, options: argparse.Namespace, save: Save
) -> None:
    wan = build_wan(root / "wan", go_env)
    result: dict = {"rtt": options.rtt, "mbit": options.mbit, "programs": {}}
    for name in options.program or (["shop"] if options.quick else REUSE_PROGRAMS):
        own = root / name
        own.mkdir()
        network = remote.Network(own, wan, options.rtt, options.mbit)
        try:
            program = PROGRAMS[name](own, {**os.environ, **go_env})
            # Tests read these, and on runners they do not change; Machine makes them its own.
            here = {"HOME": str(own / "home"), "TMPDIR": str(own / "tmp")}
            for directory in here.values():
                Path(directory).mkdir()
            its_env = {**go_env, **here}
            native, ours, *others = sides_of(name, own, sluice, its_env, network, options)
            ours.go_env = {**its_env, "SLUICE_SAME_PATH": "always"}
            first = Target(name, own / "jobs" / "checkout", program.main, program.memory)
            first.vet = program.vet
            first.path.parent.mkdir()
            result["programs"][name] = reuse.measure(
                first, program.source, native, ours, others, options.rounds, options.repeats // 10
            )
            save(result)
        finally:
            network.stop()


def modules_part(
    root: Path, sluice: Path, go_env: dict, options: argparse.Namespace, save: Save
) -> None:
    wan = build_wan(root / "wan", go_env)
    result: dict = {"rtt": options.rtt, "mbit": options.mbit, "programs": {}}
    for name in options.program or (["shop"] if options.quick else MODULE_PROGRAMS):
        own = root / name
        own.mkdir()
        network = remote.Network(own, wan, options.rtt, options.mbit)
        try:
            result["programs"][name] = modules.measure(
                own,
                PROGRAMS[name](own, {**os.environ, **go_env}),
                remote.Sluice(own / "sluice", go_env, sluice, network),
                modules.ModuleTarball(own / "tarball", go_env, network),
                remote.Side(own / "go", go_env),
                network,
                go_env,
                options.rounds,
            )
            save(result)
        finally:
            network.stop()


def snapshots_part(
    root: Path, sluice: Path, go_env: dict, options: argparse.Namespace, save: Save
) -> None:
    wan = build_wan(root / "wan", go_env)
    network = remote.Network(root, wan, options.rtt, options.mbit)
    try:
        measured = snapshots.measure(
            root / "work",
            remote.Sluice(root / "sluice", go_env, sluice, network),
            snapshots.TreeTarball(root / "tarball", go_env, network),
            options.rounds,
            0.02 if options.quick else 1.0,
        )
        save(measured | {"rtt": options.rtt, "mbit": options.mbit})
    finally:
        network.stop()


def begin_part(
    root: Path, sluice: Path, go_env: dict, options: argparse.Namespace, save: Save
) -> None:
    wan = build_wan(root / "wan", go_env)
    network = remote.Network(root, wan, options.rtt, options.mbit)
    try:
        program = PROGRAMS["hello"](root, {**os.environ, **go_env})
        ours = remote.Sluice(root / "sluice", go_env, sluice, network)
        rtt_s = float(options.rtt.removesuffix("ms")) / 1000
        save(begin.measure(program, ours, rtt_s, 2 * options.rounds))
    finally:
        network.stop()


def gc_part(
    root: Path, sluice: Path, go_env: dict, options: argparse.Namespace, save: Save
) -> None:
    env = {**os.environ, **go_env, "HOME": str(root / "work")}
    save(collection.measure(sluice, root / "store", env, options.quick))


def schedule_part(
    root: Path, sluice: Path, go_env: dict, options: argparse.Namespace, save: Save
) -> None:
    programs = options.program or ([] if options.quick else SCHEDULE_PROGRAMS)
    save(schedule.measure(root, sluice, go_env, options.rounds, programs))


def memory_part(
    root: Path, sluice: Path, go_env: dict, options: argparse.Namespace, save: Save
) -> None:
    save(memory.measure(root, sluice, go_env, options.rounds))


def print_tables(result: dict) -> None:
    print(
        f"\nsluice {result['sluice']}, {result['go']}, {result['cpus']} CPUs, "
        f"load at start {result['load_at_start']:.2f}, {result['when']}"
    )
    if "folder" in result:
        folder.print_tables(result["folder"])
    if "remote" in result:
        remote.print_tables(result["remote"])
    if "replay" in result:
        remote.print_replay(result["replay"])
    if "reuse" in result:
        reuse.print_tables(result["reuse"])
    if "modules" in result:
        modules.print_tables(result["modules"])
    if "snapshots" in result:
        snapshots.print_tables(result["snapshots"])
    if "begin" in result:
        begin.print_tables(result["begin"])
    if "gc" in result:
        collection.print_tables(result["gc"])
    if "schedule" in result:
        schedule.print_tables(result["schedule"])
    if "memory" in result:
        memory.print_tables(result["memory"])
    if costs := remote.costs(result):
        remote.print_costs(costs)


def main() -> int:
    options = arguments()
    if options.show:
        print_tables(json.loads(options.show.read_text()))
        return 0
    sluice = Path(os.environ.get("SLUICE_BIN", REPO / "build" / "sluice")).resolve()
    if not os.access(sluice, os.X_OK):
        raise SystemExit(f"bench: {sluice} is missing: run make build")
    go_env = environment()
    when = datetime.now(timezone.utc)
    version = subprocess.run([sluice, "version"], capture_output=True, text=True).stdout
    go = subprocess.run(
        ["go", "version"], capture_output=True, text=True, env={**os.environ, **go_env}, cwd="/"
    )
    result: dict = {
        "when": when.strftime("%Y-%m-%d %H:%M UTC"),
        "sluice": version.splitlines()[0].removeprefix("sluice "),
        "go": go.stdout.strip(),
        "kernel": platform.release(),
        "cpus": os.cpu_count(),
        "load_at_start": os.getloadavg()[0],
        "rounds": options.rounds,
        "cold_rounds": options.cold_rounds,
    }
    out = options.out or REPO / "build" / "bench" / f"{when:%Y%m%d-%H%M%S}.json"
    out.parent.mkdir(parents=True, exist_ok=True)

    def save_as(part: str) -> Save:
        def save(measured: dict) -> None:
            result[part] = measured
            out.write_text(json.dumps(result, indent=1) + "\n")

        return save

    measure = {
        "folder": folder_part,
        "remote": remote_part,
        "replay": replay_part,
        "reuse": reuse_part,
        "modules": modules_part,
        "snapshots": snapshots_part,
        "begin": begin_part,
        "gc": gc_part,
        "schedule": schedule_part,
        "memory": memory_part,
    }
    with contextlib.ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-bench-")))
        work = work_in_memory()
        if work:
            go_env["GOTMPDIR"] = stack.enter_context(work)
        for part in PARTS:
            if part not in options.part:
                continue
            own = root / part
            (own / "work").mkdir(parents=True)
            measure[part](own, sluice, go_env, options, save_as(part))
    print_tables(result)
    print(f"\nnumbers: {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
