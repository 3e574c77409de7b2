#!/usr/bin/env python3
"""Configures and builds one CMake preset under build/PRESET.

    tools/build.py PRESET [TARGET]...

The release preset leaves its binary at build/sluice. A second call builds what changed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import house


def commit_time() -> str:
    """Seconds of the commit, for tools that would otherwise write today's date somewhere."""
    command = ["git", "log", "-1", "--format=%ct"]
    out = subprocess.run(command, cwd=house.ROOT, capture_output=True, text=True)
    return out.stdout.strip() or "0"


def environment() -> dict[str, str]:
    return {"SOURCE_DATE_EPOCH": commit_time(), **house.environment()}


def configure(preset: str, source: Path = house.ROOT, *definitions: str) -> bool:
    """Quiet when it works; the whole output when not."""
    command = ["cmake", "--preset", preset, *definitions]
    out = subprocess.run(
        command,
        cwd=source,
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if out.returncode != 0:
        house.say(out.stdout)
    return out.returncode == 0


def compile_preset(
    preset: str, targets: list[str], source: Path = house.ROOT, jobs: int = 0
) -> bool:
    command = [
        "ninja",
        "-C",
        str(source / "build" / preset),
        "-j",
        str(jobs or house.cores()),
        *targets,
    ]
    env = environment()
    env.setdefault("NINJA_STATUS", f"[{preset} %f/%t %es] ")
    return subprocess.run(command, cwd=source, env=env).returncode == 0


def publish_release() -> None:
    """build/sluice appears whole, by rename: who runs the old one goes on with the old one."""
    fresh = house.BINARY.with_name(".sluice.part")
    shutil.copy2(house.BUILD / "release" / "sluice", fresh)
    os.replace(fresh, house.BINARY)


def build(preset: str, targets: list[str]) -> bool:
    house.BUILD.mkdir(exist_ok=True)
    if preset == "release" and not targets:
        targets = ["sluice"]
    with house.locked(f"build-{preset}"):
        if not (configure(preset) and compile_preset(preset, targets)):
            return False
        if preset == "release":
            publish_release()
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("preset")
    parser.add_argument("targets", nargs="*")
    arguments = parser.parse_args()
    sys.exit(0 if build(arguments.preset, arguments.targets) else 1)


if __name__ == "__main__":
    main()
