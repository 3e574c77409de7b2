"""Makes the files beside this one: what test binaries of each Go release print, and what that
release's own test2json says of it.

    python3 make.py GO...       # paths of go commands, one of each release
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Name, package, words of the test binary, variables.
RUNS = [
    ("marked", "many", ["-test.v=test2json", "-test.bench=.", "-test.benchtime=1x"], {}),
    ("verbose", "many", ["-test.v", "-test.skip=Output"], {}),
    ("quiet", "many", ["-test.skip=Output"], {}),
    ("nothing", "many", ["-test.v=test2json", "-test.run=NoSuch"], {}),
    *(
        (stop, "stops", ["-test.v=test2json", "-test.paniconexit0"], {"STOP": stop})
        for stop in ("panic", "exit", "exit0", "fatal")
    ),
]


def steady(text: bytes) -> bytes:
    """Without what differs between machines and runs."""
    text = re.sub(rb"(?m)\t/\S*/(\w+\.\w+:\d+)( \+0x[0-9a-f]+)?", rb"\t/there/\1\2", text)
    text = re.sub(rb"0x[0-9a-f]{6,}", b"0xc0ffee", text)
    text = re.sub(rb"(?m)^cpu: .*", b"cpu: one", text)
    return re.sub(rb"(=== ARTIFACTS \S+ ).*", rb"\1/there/artifacts", text)


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for go in sys.argv[1:]:
            env = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
            version = subprocess.run(
                [go, "env", "GOVERSION"], env=env, capture_output=True, check=True, text=True
            ).stdout.strip()
            minor = version.split(".")[1]
            for name, package, words, variables in RUNS:
                binary = Path(scratch) / f"{package}.{minor}"
                if not binary.exists():
                    command = [go, "test", "-c", "-o", binary, f"./{package}"]
                    subprocess.run(command, cwd=HERE / "module", env=env, check=True)
                if name == "marked" and int(minor) >= 26:
                    words = [*words, "-test.artifacts"]
                run = subprocess.run(
                    [binary, *words],
                    cwd=scratch,
                    env={**env, "GOMAXPROCS": "1", **variables},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                )
                output = steady(run.stdout)
                events = subprocess.run(
                    [go, "tool", "test2json", "-t", "-p", f"example.com/events/{package}"],
                    env=env,
                    input=output,
                    capture_output=True,
                    check=True,
                ).stdout
                events = re.sub(rb'"Time":"[^"]*",', b"", events)
                (HERE / f"{name}.{minor}.out").write_bytes(output)
                (HERE / f"{name}.{minor}.json").write_bytes(events)


main()
