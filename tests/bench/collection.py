"""`sluice gc remote` on a store of 10,000 jobs and a million records: time and memory of each run.

The store is written here, as docs/formats/remote.md has it: every job has a manifest of 100
records in a pack of its own, in packs of jobs before it and in blobs alone, a commit scope, and a
place in the scope of one of fifty branches. Half of the commits were last used ten days ago.
"""

from __future__ import annotations

import hashlib
import os
import random
import struct
import subprocess
import time
from pathlib import Path

from programs import say

K_JOBS = 10_000
K_RECORDS = 100  # of each job: a million in all
K_OLD_RECORDS = 40  # of those, in packs of jobs before
K_ALONE = 3
K_BRANCHES = 50
K_DAY_NS = 86_400_000_000_000
K_SECONDS_MAX = 300
K_MEMORY_MAX = 512 << 20
K_DOMAIN = "trusted"


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def zigzag(value: int) -> bytes:
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def text(value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return varint(len(data)) + data


def envelope(magic: bytes, payload: bytes) -> bytes:
    head = magic + struct.pack("<HHIQQ", 1, 0, 0, len(payload), len(payload))
    checksum = hashlib.sha256(head + bytes(8) + payload).digest()
    return head + checksum + bytes(72) + payload


class Store:
    def __init__(self, root: Path, jobs: int):
        self.root = root
        self.random = random.Random(1)
        self.now = time.time_ns()
        self.packed: list[tuple[bytes, bytes, int]] = []  # blob, its pack, where in it
        branches: list[list[bytes]] = [[] for _ in range(K_BRANCHES)]
        for number in range(jobs):
            ref = self.job(number)
            old = number < jobs // 2
            self.head(f"commit:github.com/o/r:{number:040x}", [ref], 10 if old else 1)
            branches[number % K_BRANCHES].append(ref)
        for number, refs in enumerate(branches):
            self.head(f"branch:github.com/o/r:b{number}", refs[:-33:-1], 0)

    def put(self, kind: str, name: str, data: bytes) -> None:
        path = self.root / K_DOMAIN / "v1" / kind / name[:2] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def job(self, number: int) -> bytes:
        """Its objects; the reference to it in a head."""
        records = []
        pack = self.random.randbytes(2048)
        pack_id = hashlib.sha256(pack).digest()
        self.put("packs", pack_id.hex(), pack)
        reused = self.random.sample(self.packed, min(K_OLD_RECORDS, len(self.packed)))
        fresh = [
            (self.random.randbytes(32), pack_id, 16 + 16 * i)
            for i in range(K_RECORDS - len(reused) - K_ALONE)
        ]
        self.packed = (self.packed + fresh)[-20_000:]
        records = sorted(fresh + reused, key=lambda r: r[1:])
        alone = []
        for _ in range(K_ALONE):
            blob = self.random.randbytes(1024)
            alone.append(hashlib.sha256(blob).digest())
            self.put("blobs", alone[-1].hex(), blob)
        manifest = self.manifest(number, records, alone)
        ident = hashlib.sha256(manifest).digest()
        self.put("manifests", ident.hex(), manifest)
        words = text("build") + text(str(number)) + text(str(number))
        sizes = varint(len(manifest)) + zigzag(self.now) + varint(K_RECORDS)
        return ident + sizes + words + text(manifest)

    def manifest(self, number: int, records: list, alone: list[bytes]) -> bytes:
        out = bytearray()
        for word in (K_DOMAIN, "build", str(number), str(number), "go1.27", "linux/amd64", "bench"):
            out += text(word)
        out += zigzag(self.now)
        out += varint(1) + text(K_DOMAIN) + varint(0)
        packs = list(dict.fromkeys(pack for _, pack, _ in records))
        out += varint(len(packs)) + b"".join(packs) + varint(0) * len(packs)
        ends = dict.fromkeys(packs, 16)
        places = bytearray()
        for _, pack, offset in records:
            places += bytes([1]) + varint(16) + varint(packs.index(pack))
            places += zigzag(offset - ends[pack]) + varint(16)
            ends[pack] = offset + 16
        for _ in alone:
            places += bytes([2]) + varint(1024) + varint(0) + varint(1024)
        blobs = [record[0] for record in records] + alone
        out += varint(len(blobs)) + b"".join(blobs) + text(bytes(places))
        out += varint(len(blobs)) + bytes([8]) * len(blobs) + bytes([1]) * len(blobs)
        out += self.random.randbytes(32 * len(blobs))
        out += text(zigzag(self.now) + bytes(len(blobs) - 1))
        return envelope(b"SLUICEMF", bytes(out))

    def head(self, scope: str, refs: list[bytes], days: int) -> None:
        updated = zigzag(self.now - days * K_DAY_NS)
        payload = text(K_DOMAIN) + text(scope) + varint(len(refs)) + updated
        payload += varint(len(refs)) + b"".join(refs)
        name = hashlib.sha256(scope.encode()).hexdigest()
        self.put("scopes", name, envelope(b"SLUICEHD", payload))


def run(sluice: Path, root: Path, env: dict[str, str], *words: str) -> dict:
    """One command, with its time and the most memory it had."""
    started = time.monotonic()
    where = {**env, "SLUICE_STORE": root.as_uri()}
    process = subprocess.Popen([sluice, *words], env=where, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"sluice {' '.join(words)}: exit {process.returncode}")
    took = time.monotonic() - started
    return {"words": words, "seconds": took, "peak_bytes": usage.ru_maxrss * 1024}


def measure(sluice: Path, root: Path, env: dict[str, str], quick: bool) -> dict:
    jobs = K_JOBS // 20 if quick else K_JOBS
    say(f"gc: writing a store of {jobs} jobs")
    Store(root, jobs)
    runs = []
    for words in (["--dry-run"], ["--grace", "0s"], ["--grace", "0s"], ["--grace", "0s"]):
        runs.append(run(sluice, root, env, "gc", "remote", *words))
        say(f"gc {' '.join(words)}: {runs[-1]['seconds']:.1f} s")
    left = sum(1 for path in root.rglob("*") if path.is_file())
    return {"jobs": jobs, "records": jobs * K_RECORDS, "runs": runs, "files_left": left}


def print_tables(result: dict) -> None:
    print(f"\ngc of a store of {result['jobs']} jobs, {result['records']} records, in a folder\n")
    print("| run | seconds | peak memory |\n| --- | --- | --- |")
    for number, each in enumerate(result["runs"]):
        name = "dry run" if number == 0 else f"run {number}"
        print(f"| {name} | {each['seconds']:.1f} | {each['peak_bytes'] / (1 << 20):.0f} MiB |")
    seconds = max(each["seconds"] for each in result["runs"])
    memory = max(each["peak_bytes"] for each in result["runs"])
    met = seconds <= K_SECONDS_MAX and memory <= K_MEMORY_MAX
    print(f"\nunder 5 minutes and 512 MiB: {'yes' if met else 'NO'}")
