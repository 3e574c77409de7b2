"""Who may include what: rooms, libraries, heavy headers."""

from __future__ import annotations

import re

from .tree import File, Finding, Tree

# A room, and the rooms right below it; what those may include, it may too.
BELOW = {
    "base": (),
    "sys": ("base",),
    "codec": ("sys",),
    "net": ("codec",),
    "store": ("net",),
    "gotool": ("codec",),
    "journal": ("codec",),
    "agent": ("store", "gotool", "journal"),
    "server": ("store", "journal"),
    "runner": ("agent",),
    "image": ("agent",),
    "insight": ("journal", "gotool"),
    "delivery": ("insight",),
    "cli": ("server", "runner", "image", "delivery"),
}

# A library's headers, and the only places that may include them: rooms or single files.
LIBRARIES = {
    r"boost/(asio|beast)\b": ("net",),
    r"boost/json\b": ("codec",),
    r"boost/": ("net", "codec"),
    r"openssl/": ("net", "src/base/digest.cpp", "src/base/ed25519.cpp", "src/base/md5.cpp"),
    r"(sqlite3|libpq-fe)\.h$": ("journal",),
    r"(zstd(_errors)?|zlib)\.h$": ("codec",),
    r"toml(\+\+|plusplus)/": ("codec",),
    r"yaml\.h$": ("codec",),
    r"CLI/": ("cli",),
    r"spdlog/": ("src/sys/log.cpp",),
    r"doctest/|rapidcheck(\.h$|/)": ("tests",),
    r"benchmark/": ("tests",),
}
FMT = re.compile(r"fmt/")

# Costly to compile (seconds a unit): never in a header that others include.
HEAVY = re.compile(r"(regex|iostream|boost/.*|toml\+\+/.*|CLI/.*|spdlog/.*|fmt/format-inl\.h)$")
# Never, anywhere in src/.
FORBIDDEN = {
    "regex": "slow to compile and to run: write the few lines that parse it",
    "iostream": "costs start-up time and mixes with stdio: use fmt and sys",
    "coroutine": "g++ 12 destroys temporaries twice inside co_await: use blocking calls on a pool",
    "format": "g++ 12 has no std::format: use <fmt/format.h>",
    "print": "g++ 12 has no std::print: use <fmt/format.h>",
}

# Directories of the C library and the kernel.
_SYSTEM_DIRECTORIES = {"sys", "linux", "netinet", "arpa", "net", "asm", "bits"}
_INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")')


def _closure(room: str) -> set[str]:
    reached = {room}
    for below in BELOW[room]:
        reached |= _closure(below)
    return reached


REACH = {room: _closure(room) for room in BELOW}


def includes(file: File) -> list[tuple[int, str, bool]]:
    """(line, path, in angle brackets) of every include line that is not inside a comment."""
    found = []
    for number, (raw, code) in enumerate(zip(file.lines, file.code, strict=False), 1):
        match = _INCLUDE.match(raw)
        if match and code.lstrip().startswith("#"):
            found.append((number, match[1] or match[2], match[1] is not None))
    return found


def check_rooms(tree: Tree) -> list[Finding]:
    """Include lines between rooms against the table."""
    findings = []
    for file in tree.sources():
        if file.room is not None and file.room not in BELOW:
            findings.append(Finding(file.path, 1, f"room {file.room} is not in the table of rooms"))
            continue
        for number, path, angled in includes(file):
            if not angled:
                findings += _room_findings(file, number, path)
    return findings


def _room_findings(file: File, number: int, path: str) -> list[Finding]:
    target = path.split("/")[0]
    if path.startswith(".") or "/" not in path or target not in BELOW:
        message = f'"{path}": project headers are included from src/, as "room/name.hpp"'
        return [Finding(file.path, number, message)]
    if file.room is None or target in REACH[file.room]:
        return []
    below = ", ".join(sorted(REACH[file.room] - {file.room})) or "nothing"
    message = f"room {file.room} must not include {path}: it stands above {below} only"
    return [Finding(file.path, number, message)]


def _may_include(file: File, places: tuple[str, ...]) -> bool:
    if "tests" in places:
        return file.is_test
    return file.room in places or file.path in places


def check_libraries(tree: Tree) -> list[Finding]:
    """Third-party headers in their rooms only, and never in a header of ours."""
    findings = []
    for file in tree.cpp():
        for number, path, angled in includes(file):
            message = _library_message(file, path) if angled else None
            if message:
                findings.append(Finding(file.path, number, message))
    return findings


def _library_message(file: File, path: str) -> str | None:
    if FMT.match(path):
        return None
    for pattern, places in LIBRARIES.items():
        if not re.match(pattern, path):
            continue
        if not _may_include(file, places) and not (file.is_test and file.room in places):
            return f"<{path}> belongs to {', '.join(places)} only"
        if file.suffix == ".hpp" and file.room is not None and not file.is_test:
            return f"<{path}> in a header of ours: keep the library behind the room's own types"
        return None
    directory = path.split("/")[0] if "/" in path else None
    if directory is not None and directory not in _SYSTEM_DIRECTORIES:
        return (
            f"<{path}>: a library that no room owns; see LIBRARIES in tools/house_checks/edges.py"
        )
    return None


def check_heavy(tree: Tree) -> list[Finding]:
    """Headers that cost seconds to compile stay out of headers; some stay out of everything."""
    findings = []
    for file in tree.sources():
        for number, path, angled in includes(file):
            if not angled:
                continue
            if path in FORBIDDEN and not file.allows(number, "heavy"):
                findings.append(Finding(file.path, number, f"<{path}>: {FORBIDDEN[path]}"))
            elif file.suffix == ".hpp" and HEAVY.match(path):
                message = f"<{path}> is heavy: include it in a .cpp only"
                findings.append(Finding(file.path, number, message))
    return findings
