"""The path to a store: tests/wan, which delays, slows down and breaks what it carries."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "wan"


def build_wan(target: Path, env: dict[str, str]) -> Path:
    return build_program(SOURCE, target, env)


def build_program(source: Path, target: Path, env: dict[str, str]) -> Path:
    """Builds the program of a directory at `target` with the go of `env`. What it is compiled from
    is kept among the project's tools.
    """
    cache = SOURCE.parents[1] / ".cache" / "go-build"
    subprocess.run(
        ["go", "build", "-o", str(target), "."],
        cwd=source,
        env={**os.environ, **env, "GOCACHE": str(cache)},
        check=True,
        timeout=600,
    )
    return target


class Wan:
    """One path to a server on this machine; `with Wan(...) as path`."""

    def __init__(self, binary: Path, server: str, *flags: str):
        self.process = subprocess.Popen(
            [binary, "-to", server, *flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = f"http://{self.process.stdout.readline().strip()}"

    def tell(self, command: str) -> str:
        """Gives one command (see tests/wan/main.go) and returns what was answered."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer, f"wan ended at {command!r}"
        return answer

    def stats(self) -> dict[str, int]:
        return json.loads(self.tell("stats"))

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self) -> Wan:
        return self

    def __exit__(self, *_) -> None:
        self.stop()
