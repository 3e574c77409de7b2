"""The files that the checks read, each once, with C++ text freed of comments and strings."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

CPP_SUFFIXES = (".cpp", ".hpp")

# Comments, raw strings, strings and characters; what stays when they are blanked is code. A quote
# between two digits or letters is a digit separator, not a character.
_NOT_CODE = re.compile(
    r"""//[^\n]*
      | /\*.*?\*/
      | (?<![A-Za-z0-9_])(?:u8|u|U|L)?R"(?P<tag>[^()\\\s]*)\(.*?\)(?P=tag)"
      | "(?:\\.|[^"\\\n])*"
      | (?<![A-Za-z0-9_])'(?:\\.|[^'\\\n])*'""",
    re.VERBOSE | re.DOTALL,
)
_ALLOWED = re.compile(r"//.*\bhouse: allow ([a-z-]+) \((\S[^)]*)\)")


@dataclass(frozen=True)
class Finding:
    """One broken rule at one place."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def _blank(match: re.Match) -> str:
    """As many lines, no words: line numbers stay true. A string leaves its quotes, so that a call's
    brackets and an include line keep their shape."""
    text = match[0]
    lines = "\n" * text.count("\n")
    if text.startswith("/"):
        return lines or " "
    return text[0] + lines + text[-1] if text[-1] in "\"'" and len(text) > 1 else lines


@dataclass(frozen=True)
class File:
    """One file: its path from the root with forward slashes, and its text."""

    path: str
    text: str

    @property
    def suffix(self) -> str:
        return Path(self.path).suffix

    @property
    def room(self) -> str | None:
        """The room a source file belongs to: src/ROOM/file."""
        parts = self.path.split("/")
        return parts[1] if len(parts) > 2 and parts[0] == "src" else None

    @property
    def is_test(self) -> bool:
        return self.path.startswith("tests/") or self.path.endswith(
            ("_test.cpp", "_for_test.cpp", "_for_test.hpp", "/testing.cpp", "/testing.hpp")
        )

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def code(self) -> list[str]:
        return _NOT_CODE.sub(_blank, self.text).split("\n")

    def allows(self, line: int, rule: str) -> bool:
        """`// house: allow RULE (reason)` on the line itself or the one above."""
        for number in (line, line - 1):
            if 1 <= number <= len(self.lines):
                found = _ALLOWED.search(self.lines[number - 1])
                if found and found[1] == rule:
                    return True
        return False


class Tree:
    """All text files of a checkout, or of any directory that is not one."""

    def __init__(self, root: Path):
        self.root = root
        self.files = [file for file in map(self._read, self._paths()) if file is not None]
        self.paths = {file.path for file in self.files}

    def _paths(self) -> list[str]:
        if (self.root / ".git").exists():
            command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
            out = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True)
            return sorted(set(filter(None, out.stdout.split("\0"))))
        found = (path for path in self.root.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in found)

    def _read(self, path: str) -> File | None:
        try:
            return File(path, (self.root / path).read_text(encoding="utf-8"))
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            return None  # binary, deleted but still tracked, or a nested checkout

    def cpp(self) -> list[File]:
        return [file for file in self.files if file.suffix in CPP_SUFFIXES]

    def sources(self) -> list[File]:
        return [file for file in self.cpp() if file.path.startswith("src/")]

    def headers(self) -> list[File]:
        return [file for file in self.sources() if file.suffix == ".hpp"]

    def having(self, *suffixes: str) -> list[File]:
        return [file for file in self.files if file.suffix in suffixes]
