"""A store twenty milliseconds away: sluice, a tarball, other cache programs and go alone.

Everything goes through tests/wan to a real MinIO (or to the peer's own server). A machine is empty
but for the module cache, and checks out at one path with new times, as CI does. Steps of one round
follow one another side by side, in an order that changes from round to round; ratios are taken
inside a round and shown with their range.
"""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import statistics
import subprocess
import time
import zlib
from pathlib import Path

from programs import Program, Target, say, spread, touch_memory
from servers import ENGINES, Minio, free_port
from sluice_harness import Machine, Run, fresh_checkout, github, sha256
from wan import Wan

K_STEP_S = 1800
K_PEER_READY_S = 20
TARGETS = {"build + vet": 1.0, "cold": 1.05, "warm-local": 1.05}
K_FASTER_THAN_TARBALL = 1.5
K_FASTER_THAN_PEERS = 10.0
TARGET_AGENT_MIB = 256
# List prices of S3 Standard in us-east-1 (https://aws.amazon.com/s3/pricing/), dollars a request.
# Inside the region bytes cost nothing.
K_USD_READ = 0.0004 / 1000
K_USD_WRITE = 0.005 / 1000
CPU_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CPU_TICKS


class Network:
    """The servers and the way to each; every side has a way of its own, so that it is counted
    apart.
    """

    def __init__(self, root: Path, wan: Path, rtt: str, mbit: int):
        self.wan = wan
        self.flags = ("-rtt", rtt, "-mbit", str(mbit))
        (root / "minio").mkdir()
        server = Minio.start(root / "minio")
        if server is None:
            raise SystemExit("bench: MinIO is missing: run tools/bootstrap.py bench")
        self.minio = server
        self.open: list = [server]

    def way(self, server: str, *flags: str) -> Wan:
        way = Wan(self.wan, server, *self.flags, *flags)
        self.open.append(way)
        return way

    def way_to_minio(self) -> Wan:
        return self.way(f"127.0.0.1:{self.minio.port}")

    def stop(self) -> None:
        for one in reversed(self.open):
            one.stop()


class Side:
    """One way to keep what go made, on machines of its own."""

    name = "native"

    def __init__(self, root: Path, go_env: dict):
        self.root = root
        self.go_env = go_env
        self.machines = 0
        self.machine: Machine | None = None
        self.way: Wan | None = None
        self.detail: list[dict] = []

    def _open_machine(self) -> None:
        root = self.root / f"m{self.machines}"
        self.machines += 1
        root.mkdir(parents=True)
        self.machine = Machine(root, Path("/nonexistent"), None, self.go_env)

    def new_machine(self) -> None:
        """An empty one, after the last one was put away."""
        self.drop()
        self._open_machine()

    def drop(self) -> None:
        if self.machine is not None:
            self.machine.stop()
            self.machine = None

    def new_store(self) -> None:
        """From now on nothing is known anywhere."""

    def run(self, program: Target, *args: str) -> Run:
        assert self.machine is not None
        return self.machine.plain_go(*args, cwd=program.path, timeout_s=K_STEP_S, env=self.env())

    def go(self, program: Target, *args: str) -> float:
        run = self.run(program, *args)
        if run.code != 0:
            raise SystemExit(f"bench: {self.name}: {run.describe()}")
        return run.wall_s

    def env(self) -> dict[str, str]:
        return {}

    def restore(self, program: Target) -> float:
        return 0.0

    def save(self, program: Target) -> float:
        """What a job does after its steps so that the next one has them."""
        return 0.0

    def out(self) -> str:
        assert self.machine is not None
        return str(self.machine.root / "out")


class Tarball(Side):
    """curl, tar, zstd -3 and one object: what most CI does."""

    name = "tarball"

    def __init__(self, root: Path, go_env: dict, network: Network):
        super().__init__(root, go_env)
        self.way = network.way_to_minio()
        self.network = network
        self.bucket = ""
        self.stores = 0
        self.key = "cache"  # a perfect one: exactly what this commit needs

    def new_store(self) -> None:
        self.stores += 1
        name = "-".join(self.root.parts[-2:]).replace("_", "-").lower()
        self.bucket = self.network.minio.bucket(f"{name}-{self.stores}")

    def _curl(self, *args: str) -> list[str]:
        minio = self.network.minio
        return [
            "curl", "-sSf", "--aws-sigv4", "aws:amz:us-east-1:s3",
            "-u", f"{minio.ACCESS_KEY}:{minio.SECRET_KEY}", *args,
            f"{self.way.url}/{self.bucket}/{self.key}.tar.zst",
        ]  # fmt: skip

    def _shell(self, script: str, *args: str) -> float:
        started = time.monotonic()
        subprocess.run(["bash", "-o", "pipefail", "-c", script, "-", *args], check=True)
        return time.monotonic() - started

    def restore(self, program: Target) -> float:
        self.machine.gocache.mkdir(parents=True)
        script = 'c=$1; shift; "$@" | zstd -dc | tar -C "$c" -x'
        started = time.monotonic()
        try:
            return self._shell(script, str(self.machine.gocache), *self._curl())
        except subprocess.CalledProcessError:
            return time.monotonic() - started  # nothing saved yet

    def save(self, program: Target) -> float:
        archive = self.machine.root / "cache.tar.zst"
        script = 'c=$1; a=$2; shift 2; tar -C "$c" -c . | zstd -3 -q -f -T0 -o "$a" && "$@"'
        return self._shell(
            script, str(self.machine.gocache), str(archive), *self._curl("-T", str(archive))
        )


class KeyedTarball(Tarball):
    """As above, with a key made of go.sum: restored where it fits, saved once."""

    name = "tarball keyed on go.sum"

    def __init__(self, root: Path, go_env: dict, network: Network):
        super().__init__(root, go_env, network)
        self.saved: set[tuple[str, str]] = set()

    def restore(self, program: Target) -> float:
        self.key = sha256(program.path / "go.sum")[:16]
        return super().restore(program)

    def save(self, program: Target) -> float:
        self.key = sha256(program.path / "go.sum")[:16]
        if (self.bucket, self.key) in self.saved:
            return 0.0
        self.saved.add((self.bucket, self.key))
        return super().save(program)


class CacheProg(Side):
    """Another cache program, set by GOCACHEPROG."""

    def __init__(self, name: str, root: Path, go_env: dict, way: Wan, settings, on_new_store=None):
        super().__init__(root, go_env)
        self.name = name
        self.way = way
        self.settings = settings  # (local directory, bucket) -> environment
        self.on_new_store = on_new_store
        self.bucket = ""
        self.stores = 0

    def new_store(self) -> None:
        self.stores += 1
        if self.on_new_store:
            self.bucket = self.on_new_store(f"{self.root.name}-{self.stores}")

    def env(self) -> dict[str, str]:
        local = self.machine.root / "peer"
        local.mkdir(exist_ok=True)
        return {k: str(v) for k, v in self.settings(local, self.bucket).items()}


class Sluice(Side):
    name = "sluice"

    def __init__(self, root: Path, go_env: dict, sluice: Path, network: Network):
        super().__init__(root, go_env)
        self.sluice = sluice
        self.network = network
        self.way = network.way_to_minio()
        self.bucket = ""
        self.stores = 0
        self.agent_peak_mib = 0.0
        self.agent_cpu_s = 0.0
        self.requests = (0, 0)
        self.sha = "1" * 40

    def new_store(self) -> None:
        self.stores += 1
        name = "-".join(self.root.parts[-2:]).replace("_", "-").lower()
        self.bucket = self.network.minio.bucket(f"{name}-{self.stores}")

    def _open_machine(self) -> None:
        root = self.root / f"m{self.machines}"
        self.machines += 1
        root.mkdir(parents=True)
        machine = Machine(root, self.sluice, None, self.go_env)
        machine.env |= github(repository=f"bench/{self.root.parent.name}", sha=self.sha)
        machine.env["GITHUB_RUN_ID"] = f"{zlib.crc32(str(root).encode())}"
        machine.env |= self.network.minio.env(
            SLUICE_STORE=f"s3://{self.bucket}/ci", AWS_ENDPOINT_URL=self.way.url
        )
        # Uploads go on behind the steps; save() measures how long.
        machine.env["SLUICE_DRAIN"] = "detach"
        # Every side has them: what bringing them costs is a part of its own.
        machine.env["SLUICE_MODULES"] = "off"
        self.machine = machine

    def run(self, program: Target, *args: str) -> Run:
        run = self.machine.go(*args, cwd=program.path, timeout_s=K_STEP_S)
        if run.said:
            raise SystemExit(f"bench: sluice: {run.describe()}")
        self.detail.append({"args": args[0], "wall_s": run.wall_s, **(run.summary or {})})
        return run

    def save(self, program: Target) -> float:
        started = time.monotonic()
        self.machine.sluice_run("agent", "wait", cwd=program.path, timeout_s=600).ok()
        took_s = time.monotonic() - started
        for pid in self.machine.agents():
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    self.agent_peak_mib = max(self.agent_peak_mib, int(line.split()[1]) / 1024)
            self.agent_cpu_s = cpu_seconds(pid)
        status = self.machine.sluice_run("agent", "status", "--json", cwd=program.path).ok()
        counted = json.loads(status.stdout)
        self.requests = (counted["requests_read"], counted["requests_write"])
        return took_s


@dataclasses.dataclass
class Sample:
    restore_s: float
    steps_s: dict[str, float]
    save_s: float
    bytes_down: int
    bytes_up: int
    turns: int
    minio_cpu_s: float
    wan_cpu_s: float
    agent_cpu_s: float = 0.0
    requests_read: int = 0  # of sluice, of a job that saves
    requests_write: int = 0

    def total(self, *steps: str) -> float:
        return self.restore_s + sum(self.steps_s[step] for step in steps or self.steps_s)


def commands_of(program: Target, steps: list[str], out: str) -> dict[str, tuple[str, ...]]:
    every = {
        "build": ("build", "-o", out, program.main),
        "vet": ("vet", *program.vet, "./..."),
        "test": ("test", "./..."),
    }
    return {step: every[step] for step in steps}


def take(
    side: Side, program: Target, steps: list[str], network: Network, restore: bool, save: bool
) -> Sample:
    """One job on the side's machine."""
    before = side.way.stats() if side.way else {}
    minio_s = cpu_seconds(network.minio.process.pid)
    wan_s = cpu_seconds(side.way.process.pid) if side.way else 0.0
    touch_memory(program.memory)
    # Else go finds the program in place and does not link, as no pipeline could.
    Path(side.out()).unlink(missing_ok=True)
    restore_s = side.restore(program) if restore else 0.0
    took = {
        step: side.go(program, *words)
        for step, words in commands_of(program, steps, side.out()).items()
    }
    down = side.way.stats() if side.way else {}
    save_s = side.save(program) if save else 0.0
    after = side.way.stats() if side.way else {}

    def moved(name: str, until: dict) -> int:
        return until.get(name, 0) - before.get(name, 0)

    return Sample(
        restore_s=restore_s,
        steps_s=took,
        save_s=save_s,
        bytes_down=moved("bytes_down", down),
        bytes_up=moved("bytes_up", after),
        turns=moved("turns", down),
        minio_cpu_s=cpu_seconds(network.minio.process.pid) - minio_s,
        wan_cpu_s=(cpu_seconds(side.way.process.pid) - wan_s) if side.way else 0.0,
        agent_cpu_s=getattr(side, "agent_cpu_s", 0.0),
        requests_read=side.requests[0] if save and isinstance(side, Sluice) else 0,
        requests_write=side.requests[1] if save and isinstance(side, Sluice) else 0,
    )


def in_turn(sides: list[Side], number: int) -> list[Side]:
    shift = number % len(sides)
    order = sides[shift:] + sides[:shift]
    return order if (number // len(sides)) % 2 == 0 else order[::-1]


def measure(
    program: Program,
    sides: list[Side],
    steps: list[str],
    network: Network,
    rounds: int,
    cold_rounds: int,
    peer_rounds: int,
) -> dict:
    """Phases cold, warm-remote and warm-local: {phase: {side: [sample]}}. Other cache programs,
    whose rounds take minutes, are there in the first `peer_rounds` (cold: one) only.
    """
    phases: dict[str, dict[str, list[dict]]] = {}
    binaries: dict[str, str] = {}

    def note(phase: str, side: Side, sample: Sample) -> Sample:
        phases.setdefault(phase, {}).setdefault(side.name, []).append(dataclasses.asdict(sample))
        digest = sha256(Path(side.out()))
        if binaries.setdefault("build", digest) != digest:
            raise SystemExit(f"bench: {side.name} built another binary than the others")
        return sample

    def present(number: int, of_peers: int) -> list[Side]:
        return [
            side
            for side in in_turn(sides, number)
            if number < of_peers or not isinstance(side, CacheProg)
        ]

    for number in range(max(cold_rounds, 1)):
        for side in present(number, 1):
            side.new_store()
            side.new_machine()
            sample = note("cold", side, take(side, program, steps, network, False, True))
            say(
                f"{program.name} cold {side.name}: {sample.total():.2f} s, "
                f"save {sample.save_s:.2f}"
            )
    for number in range(rounds):
        for side in present(number, peer_rounds):
            if side.name != "native":
                program.checkout()
                side.new_machine()
                # A tarball whose key fits is not saved again.
                saves = not isinstance(side, Tarball)
                sample = note("warm-remote", side, take(side, program, steps, network, True, saves))
                say(
                    f"{program.name} round {number + 1} {side.name}: restore "
                    f"{sample.restore_s:.2f} s, "
                    + ", ".join(f"{k} {v:.2f}" for k, v in sample.steps_s.items())
                    + f", turns {sample.turns}"
                )
            if side.name == "native":
                take(side, program, steps, network, False, False)  # it meets this checkout, too
            sample = note("warm-local", side, take(side, program, steps, network, False, False))
            say(f"{program.name} round {number + 1} {side.name} again: {sample.total():.2f} s")
    return {
        "phases": phases,
        "agent_peak_mib": max(getattr(side, "agent_peak_mib", 0.0) for side in sides),
        "detail": {side.name: side.detail for side in sides if side.detail},
    }


def replay(
    commits: list[tuple[str, Path]], target: Target, sides: list[Side], network: Network
) -> dict:
    """Each commit on an empty machine; native keeps its own. {side: [{commit, sample}]}"""
    result: dict[str, list[dict]] = {}
    for side in sides:
        side.new_store()
    for number, (name, source) in enumerate(commits):
        for side in in_turn(sides, number):
            check_out(source, target.path)
            if isinstance(side, Sluice):
                head = ["git", "-C", target.path, "rev-parse", "HEAD"]
                said = subprocess.run(head, capture_output=True, text=True, check=True)
                side.sha = said.stdout.strip()
            if side.name != "native" or side.machine is None:
                side.new_machine()
            sample = take(side, target, ["build", "vet"], network, number > 0, True)
            result.setdefault(side.name, []).append(
                {"commit": name, **dataclasses.asdict(sample), "total_s": sample.total()}
            )
            say(f"replay {name} {side.name}: {sample.total():.2f} s, save {sample.save_s:.2f}")
    for side in sides:
        side.drop()
    return result


def check_out(source: Path, path: Path) -> None:
    """A clone with new times, at the one path."""
    if path.exists():
        path.rename(path.with_name(f"{path.name}-{time.monotonic_ns()}"))
    fresh_checkout(source, path)
    subprocess.run(["git", "update-index", "-q", "--refresh"], cwd=path, check=False)


class PeerServer:
    """A peer's own server, to be stopped with the network; what it says goes to a file. It
    listens when this returns, so that nobody else is given its port.
    """

    def __init__(self, log: Path, host: str, port: int, *command: str | Path):
        with open(log, "w") as said:
            self.process = subprocess.Popen([*command], stdout=said, stderr=said)
        deadline = time.monotonic() + K_PEER_READY_S
        while True:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise SystemExit(f"bench: {command[0]} does not listen: {log.read_text()}")
            try:
                socket.create_connection((host, port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def peers(root: Path, go_env: dict, network: Network, folder: Path | None) -> list[CacheProg]:
    """go-cacher with gocached, and what is in BENCH_PEERS; settings as each project documents."""
    found: list[CacheProg] = []
    minio = network.minio

    if (ENGINES / "gocached").exists():
        port = free_port()
        command = [ENGINES / "gocached", "-listen", f"127.0.0.1:{port}"]
        command += ["-cache-dir", root / "gocached"]
        network.open.append(PeerServer(root / "gocached.log", "127.0.0.1", port, *command))
        gocached = network.way(f"127.0.0.1:{port}")
        cacher = ENGINES / "go-cacher"
        found.append(
            CacheProg(
                "gocached",
                root / "gocached-machines",
                go_env,
                gocached,
                lambda local, _: {
                    "GOCACHEPROG": f"{cacher} -cache-dir {local} -cache-server {gocached.url}"
                },
            )
        )
    if folder is None:
        return found
    secrets = {"id": minio.ACCESS_KEY, "key": minio.SECRET_KEY}
    if (folder / "gobuildcache").exists():
        its_s3 = network.way_to_minio()
        found.append(
            CacheProg(
                "gobuildcache",
                root / "gobuildcache",
                go_env,
                its_s3,
                lambda local, bucket: {
                    "GOCACHEPROG": folder / "gobuildcache",
                    "GOBUILDCACHE_BACKEND_TYPE": "s3",
                    "GOBUILDCACHE_S3_BUCKET": bucket,
                    "GOBUILDCACHE_AWS_REGION": "us-east-1",
                    "GOBUILDCACHE_AWS_ACCESS_KEY_ID": secrets["id"],
                    "GOBUILDCACHE_AWS_SECRET_ACCESS_KEY": secrets["key"],
                    "GOBUILDCACHE_AWS_S3_USE_PATH_STYLE": "true",
                    "AWS_ENDPOINT_URL": its_s3.url,
                    "AWS_EC2_METADATA_DISABLED": "true",
                    "GOBUILDCACHE_CACHE_DIR": local,
                    "GOBUILDCACHE_LOCK_DIR": f"{local}-locks",
                },
                minio.bucket,
            )
        )
    if (folder / "cacheprog").exists():
        s3 = network.way_to_minio()
        found.append(
            CacheProg(
                "platacard/cacheprog",
                root / "cacheprog",
                go_env,
                s3,
                lambda local, bucket: {
                    "GOCACHEPROG": folder / "cacheprog",
                    "CACHEPROG_ROOT_DIRECTORY": local,
                    "CACHEPROG_REMOTE_STORAGE_TYPE": "s3",
                    "CACHEPROG_S3_ENDPOINT": s3.url.replace("http://", "minio+http://"),
                    "CACHEPROG_S3_BUCKET": bucket,
                    "CACHEPROG_S3_REGION": "us-east-1",
                    "CACHEPROG_S3_ACCESS_KEY_ID": secrets["id"],
                    "CACHEPROG_S3_ACCESS_KEY_SECRET": secrets["key"],
                },
                minio.bucket,
            )
        )
    if (folder / "gocacheprog").exists():
        port = free_port()
        command = [folder / "gocacheprog", "-http", f"127.0.0.2:{port}", "-auth-token", "tok"]
        command += ["-cache-dir", root / "gocacheprog-store"]
        network.open.append(PeerServer(root / "gocacheprog.log", "127.0.0.2", port, *command))
        # It takes 127.0.0.1 for its own daemon.
        way = network.way(f"127.0.0.2:{port}", "-host", "127.0.0.3")
        found.append(
            CacheProg(
                "vearutop/gocacheprog",
                root / "gocacheprog-machines",
                go_env,
                way,
                lambda local, _: {
                    "GOCACHEPROG": f"{folder / 'gocacheprog'} -cache-dir {local} "
                    f"-remote-url {way.url} -auth-token tok"
                },
            )
        )
    return found


def _totals(samples: list[dict], *steps: str) -> list[float]:
    return [s["restore_s"] + sum(s["steps_s"][step] for step in steps) for s in samples]


def _median(samples: list[dict], name: str) -> float:
    return statistics.median(s[name] for s in samples)


def _verdict(values: list[float], bound: float | None) -> str:
    """Of the pessimistic end."""
    if bound is None:
        return ""
    return f"{bound:g} {'met' if max(values) <= bound else 'MISSED'}"


def print_tables(result: dict) -> None:
    print(f"\nStore behind {result['rtt']} and {result['mbit']} Mbit/s\n")
    print(
        "| program | phase | side | restore + build + vet, s | against go alone, warm "
        "| bound | turns | MB down | save, s | CPU: agent, MinIO, wan, s |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, measured in result["programs"].items():
        phases = measured["phases"]
        steps = ("build", "vet")
        for phase in ("cold", "warm-remote", "warm-local"):
            native = phases["cold" if phase == "cold" else "warm-local"]["native"]
            base = _totals(native, *steps)
            for side, samples in phases[phase].items():
                own = _totals(samples, *steps)
                ratios = [b / a for a, b in zip(base, own)]
                bound = None
                if side == "sluice":
                    bound = TARGETS["build + vet" if phase == "warm-remote" else phase]
                print(
                    f"| {name} | {phase} | {side} | {statistics.median(own):.2f} "
                    f"| {spread(ratios)} | {_verdict(ratios, bound)} "
                    f"| {_median(samples, 'turns'):.0f} "
                    f"| {_median(samples, 'bytes_down') / 1e6:.1f} "
                    f"| {_median(samples, 'save_s'):.2f} "
                    f"| {_median(samples, 'agent_cpu_s'):.1f}, "
                    f"{_median(samples, 'minio_cpu_s'):.1f}, {_median(samples, 'wan_cpu_s'):.1f} |"
                )
    print("\n| program | warm-remote, how many times faster sluice is than | bound |")
    print("| --- | --- | --- |")
    for name, measured in result["programs"].items():
        remote = measured["phases"]["warm-remote"]
        own = _totals(remote["sluice"], "build", "vet")
        for side, samples in remote.items():
            if side == "sluice":
                continue
            times = [a / b for a, b in zip(_totals(samples, "build", "vet"), own)]
            bound = K_FASTER_THAN_TARBALL if side == "tarball" else K_FASTER_THAN_PEERS
            met = "met" if min(times) >= bound else "MISSED"
            print(f"| {name} | {side}: {spread(times, 'x')} | {bound:g} {met} |")
    for name, measured in result["programs"].items():
        peak = measured["agent_peak_mib"]
        verdict = "met" if peak <= TARGET_AGENT_MIB else "MISSED"
        print(f"\n{name}: agent's peak memory {peak:.0f} MiB ({TARGET_AGENT_MIB} {verdict})")


def _cost_row(name: str, samples: list[dict]) -> str:
    reads, writes = (_median(samples, f"requests_{kind}") for kind in ("read", "write"))
    dollars = 1000 * (reads * K_USD_READ + writes * K_USD_WRITE)
    down, up = (_median(samples, f"bytes_{way}") / 1e6 for way in ("down", "up"))
    return f"| {name} | {reads:.0f} | {writes:.0f} | {down:.1f} | {up:.1f} | {dollars:.2f} |"


def costs(result: dict) -> dict[str, list[dict]]:
    """The jobs of sluice whose requests were counted, by what they were."""
    rows: dict[str, list[dict]] = {}
    for name, measured in result.get("remote", {}).get("programs", {}).items():
        rows[f"{name}, the first one"] = measured["phases"]["cold"]["sluice"]
        rows[f"{name}, the same commit, empty machine"] = (
            measured["phases"]["warm-remote"]["sluice"]
        )
    replayed = result.get("replay", {}).get("sluice", [])
    if len(replayed) > 1:
        rows["caddy, the next commit, empty machine"] = replayed[1:]
    return rows


def print_costs(rows: dict[str, list[dict]]) -> None:
    print("\nWhat a job asks of the store\n")
    print("| job | GET, HEAD | PUT | MB down | MB up | requests of 1,000 jobs, $ |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, samples in rows.items():
        print(_cost_row(name, samples))


def print_replay(replayed: dict) -> None:
    print("\nReplay of commits, build + vet of each on an empty machine (native keeps its), s\n")
    sides = list(replayed)
    print("| commit | " + " | ".join(sides) + " |")
    print("| --- |" + " --- |" * len(sides))
    commits = [each["commit"] for each in replayed[sides[0]]]
    for number, commit in enumerate(commits):
        cells = [
            f"{replayed[side][number]['total_s']:.2f} (+{replayed[side][number]['save_s']:.2f})"
            for side in sides
        ]
        print(f"| {commit} | " + " | ".join(cells) + " |")
    # The first commit is cold everywhere.
    sums = {side: sum(each["total_s"] for each in replayed[side][1:]) for side in sides}
    cells = [f"{sums[side]:.2f} ({sums[side] / sums['native']:.2f}x)" for side in sides]
    print("| all but the first | " + " | ".join(cells) + " |")
