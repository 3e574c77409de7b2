#!/usr/bin/env python3
"""Lists the public headers and what their comments state, for a person to review.

    tools/header_review.py [--gaps]

A word in a comment proves nothing; its absence shows where to look. With --gaps: only those.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from house_checks.tree import File, Tree

# What a header says about, the words that show it, and when it has to.
STATED = {
    "ownership": re.compile(
        r"\bown(s|ed|er|ers|ing)?\b|\bnever owns\b|\b[Vv]alues?\b|\b[Pp]ure\b", re.I
    ),
    "threads": re.compile(r"\bthread", re.I),
    "errors": re.compile(
        r"\berror|\bCode::|\brefused\b|\bnothing when\b|\bfalse (on|when)\b", re.I
    ),
    "units": re.compile(
        r"_(ms|ns|us|s|bytes|size|max|percent)\b|\b(bytes|seconds|milliseconds)\b", re.I
    ),
}
HAS_NUMBERS = re.compile(r"\b(?:u?int(?:8|16|32|64)?_t|size_t|int|unsigned|double|chrono)\b")
CAN_FAIL = re.compile(r"\bResult<|\boptional<|\bbool \w+\(")


def comments(file: File) -> str:
    return "\n".join(re.findall(r"//(.*)", file.text))


def gaps(file: File) -> list[str]:
    """Which of the four things this header's comments (for units: its names too) do not state."""
    said = comments(file)
    code = "\n".join(file.code)
    missing = [what for what in ("ownership", "threads") if not STATED[what].search(said)]
    if CAN_FAIL.search(code) and not STATED["errors"].search(said):
        missing.append("errors")
    if HAS_NUMBERS.search(code) and not STATED["units"].search(file.text):
        missing.append("units")
    return missing


def first_sentence(file: File) -> str:
    lines = []
    for line in file.lines:
        if not line.startswith("//") or line.strip() == "//":
            break
        lines.append(line[2:].strip())
    sentence = re.match(r".*?[.:](?=\s|$)", " ".join(lines))
    return sentence[0] if sentence else " ".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--gaps", action="store_true", help="only headers that leave something open"
    )
    arguments = parser.parse_args()
    headers = Tree(Path(__file__).resolve().parent.parent).headers()
    open_headers = 0
    for file in headers:
        missing = gaps(file)
        open_headers += bool(missing)
        if arguments.gaps and not missing:
            continue
        print(f"{file.path}: {first_sentence(file)}")
        if missing:
            print(f"    does not state: {', '.join(missing)}")
    print(f"\n{len(headers)} headers, {open_headers} leave something open")


if __name__ == "__main__":
    main()
