#!/usr/bin/env python3
"""Formats every C++ file, or says which are not formatted.

    tools/format.py [--check]

clang-format 19 does the code. It leaves comments as people broke them, because its own breaking
tears lists and tables apart; so comment lines that are too long are broken here, and only those.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys

import house
from house_checks.size import LINE_COLUMNS_MAX

_COMMENT = re.compile(r"(?P<lead>\s*//\s+)(?P<text>\S.*)$")
_ITEM = re.compile(r"(?:[-*|]|\d+\.|NOLINT|house:|clang-format|\S+:$)\s?")


def prose(line: str, lead: str) -> str | None:
    """The text of a comment line that goes on in the line before: same indentation, no item."""
    text = line.removeprefix(lead)
    if text == line or not text.strip() or text[0] == " " or _ITEM.match(text):
        return None
    return text


def break_comments(lines: list[str]) -> list[str]:
    """Whole-line comments above the limit lose words to the next line of their paragraph."""
    lines = list(lines)
    done: list[str] = []
    while lines:
        line = lines.pop(0)
        found = _COMMENT.match(line)
        cut = line.rfind(" ", 0, LINE_COLUMNS_MAX + 1)
        if len(line) <= LINE_COLUMNS_MAX or not found or cut < len(found["lead"]):
            done.append(line)
            continue
        hanging = "  " if re.match(r"[-*] ", found["text"]) else ""
        lead = found["lead"] + hanging
        rest = line[cut + 1 :]
        done.append(line[:cut])
        following = prose(lines[0], lead) if lines else None
        if following is None:
            lines.insert(0, lead + rest)
        else:
            lines[0] = f"{lead}{rest} {following}"
    return done


def formatted(text: str, name: str) -> str:
    broken = "\n".join(break_comments(text.split("\n")))
    command = ["clang-format-19", f"--assume-filename={name}"]
    out = subprocess.run(command, input=broken, capture_output=True, text=True, check=True)
    return out.stdout


def format_files(check: bool) -> bool:
    """True when nothing is left to do."""
    good = True
    for path in house.git_files("*.cpp", "*.hpp"):
        text = path.read_text()
        wanted = formatted(text, str(path))
        if wanted == text:
            continue
        if check:
            house.say(f"not formatted: {path.relative_to(house.ROOT)}")
            good = False
        elif path.read_text() == text:  # nobody saved it meanwhile
            path.write_text(wanted)
    return good


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    sys.exit(0 if format_files(parser.parse_args().check) else 1)
