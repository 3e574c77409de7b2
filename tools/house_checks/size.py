"""How long functions, files and lines may be."""

from __future__ import annotations

import re

from .tree import File, Finding, Tree

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 800
LINE_COLUMNS_MAX = 100

_LENGTH_SUFFIXES = (".cpp", ".hpp", ".py")
_NOT_A_FUNCTION = re.compile(r"\b(namespace|class|struct|union|enum|extern|concept)\b")
_NAME = re.compile(r"(operator\s*[^\s\w(]+|[~\w:]+)\s*\(")
_ANGLES = re.compile(r"<[^<>()]*>")
_ACCESS = {"public", "private", "protected"}
_KEYWORDS = {"if", "for", "while", "switch", "catch", "return", "sizeof", "decltype", "requires"}


def functions(file: File) -> list[tuple[str, int, int]]:
    """(name, first line, last line) of every function body outside of other functions. Brackets are
    counted; a brace that follows a parameter list outside of a function opens one."""
    found: list[tuple[str, int, int]] = []
    opened: list[tuple[str, int] | None] = []  # a function's name and first line, or another brace
    inside = 0
    head: list[str] = []
    head_line = 0
    for number, line in enumerate(file.code, 1):
        if line.lstrip().startswith("#") or line.endswith("\\") and not head:
            continue
        for character in line:
            if character == "{":
                name = None if inside else _function_name("".join(head))
                opened.append((name, head_line or number) if name else None)
                inside += name is not None
                head, head_line = [], 0
            elif character == "}":
                if opened and (closed := opened.pop()) is not None:
                    found.append((closed[0], closed[1], number))
                    inside -= 1
                head, head_line = [], 0
            elif character == ";" and "".join(head).count("(") <= "".join(head).count(")"):
                head, head_line = [], 0
            elif character == ":" and "".join(head).strip() in _ACCESS:
                head, head_line = [], 0
            else:
                if not head_line and not character.isspace():
                    head_line = number
                head.append(character)
        head.append(" ")
    return found


def _function_name(head: str) -> str | None:
    """The name that a piece of code before `{` declares a function by, if it does."""
    before_parameters = head.split("(")[0]
    while (shorter := _ANGLES.sub("", before_parameters)) != before_parameters:
        before_parameters = shorter
    if "(" not in head or ")" not in head or _NOT_A_FUNCTION.search(before_parameters):
        return None
    if re.search(r"=\s*$", head) or "=" in re.sub(r"operator\s*\S+|[=!<>]=", "", before_parameters):
        return None
    match = _NAME.search(head)
    return match[1] if match and match[1] not in _KEYWORDS else None


def check_functions(tree: Tree) -> list[Finding]:
    """A function fits on a screen and a half."""
    findings = []
    for file in tree.cpp():
        for name, first, last in functions(file):
            length = last - first + 1
            if length > FUNCTION_LINES_MAX:
                message = f"{name} has {length} lines, at most {FUNCTION_LINES_MAX}"
                findings.append(Finding(file.path, first, message))
    return findings


def check_files(tree: Tree) -> list[Finding]:
    """A file that grows past the limit holds more than one thing."""
    return [
        Finding(file.path, FILE_LINES_MAX + 1, f"{len(file.lines)} lines, at most {FILE_LINES_MAX}")
        for file in tree.having(*_LENGTH_SUFFIXES)
        if len(file.lines) > FILE_LINES_MAX
    ]


def check_lines(tree: Tree) -> list[Finding]:
    """100 columns, in characters."""
    return [
        Finding(file.path, number, f"{len(line)} columns, at most {LINE_COLUMNS_MAX}")
        for file in tree.having(*_LENGTH_SUFFIXES)
        for number, line in enumerate(file.lines, 1)
        if len(line) > LINE_COLUMNS_MAX and not file.allows(number, "long-line")
    ]
