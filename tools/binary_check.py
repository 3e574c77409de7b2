"""What the release binary promises as a file: it needs nothing of the machine, is hardened, and
does not tell where it was built."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import house


def readelf(binary: Path, *options: str) -> str:
    command = ["readelf", "-W", *options, str(binary)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def check(binary: Path) -> dict[str, str | None]:
    """Name of the promise -> what is wrong with it, or nothing."""
    if not binary.is_file():
        return {"exists": f"{binary} is missing"}
    kind, segments, dynamic = readelf(binary, "-h"), readelf(binary, "-l"), readelf(binary, "-d")
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    stack = re.search(r"GNU_STACK.*\b([R ][W ][E ])\b", segments)
    contents = binary.read_bytes()
    return {
        "needs no loader": "it names an interpreter" if "INTERP" in segments else None,
        "needs no library": f"it needs {', '.join(needed)}" if needed else None,
        "loads anywhere": None if re.search(r"Type:\s+DYN", kind) else "not position-independent",
        "stack is not code": "executable stack" if stack and "E" in stack[1] else None,
        "tables are read-only": None
        if "GNU_RELRO" in segments and re.search(r"BIND_NOW|\bNOW\b", dynamic)
        else "not linked with relro and now",
        "is stripped": "it has symbols" if ".symtab" in readelf(binary, "-S") else None,
        "hides where it was built": "it contains the path of this checkout"
        if str(house.ROOT).encode() + b"/" in contents
        else None,
    }
