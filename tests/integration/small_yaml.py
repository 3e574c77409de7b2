"""The part of YAML that the pipelines of these tests are written in: block mappings and sequences,
plain and quoted scalars on one line, `|` blocks, flow lists and mappings of plain words, comments.

Everything else is refused, so that a test cannot mean one thing and a runner another.
"""

from __future__ import annotations

import re


def load(text: str):
    """The document: dicts, lists and texts."""
    return _Reader(text).document()


class _Reader:
    def __init__(self, text: str):
        self.lines = text.splitlines()
        self.at = 0

    def document(self):
        value = self._block(0)
        self._skip()
        assert self.at == len(self.lines), f"line {self.at + 1}: {self.lines[self.at]!r}"
        return value

    def _skip(self) -> None:
        while self.at < len(self.lines) and not _without_comment(self.lines[self.at]).strip():
            self.at += 1

    def _next(self) -> tuple[int, str] | None:
        """Column and text of the next line that says something."""
        self._skip()
        if self.at == len(self.lines):
            return None
        line = _without_comment(self.lines[self.at]).rstrip()
        text = line.lstrip(" ")
        return len(line) - len(text), text

    def _block(self, column_min: int):
        found = self._next()
        if found is None or found[0] < column_min:
            return None
        column, text = found
        return self._sequence(column) if _is_item(text) else self._mapping(column)

    def _sequence(self, column: int) -> list:
        items = []
        while (found := self._next()) and found[0] == column and _is_item(found[1]):
            rest = found[1][1:].lstrip()
            if not rest:
                self.at += 1
                items.append(self._block(column + 1))
            elif _key(rest) is not None and not rest.startswith(("'", '"', "{", "[")):
                # The mapping's first line stands behind the dash.
                inner = column + len(found[1]) - len(rest)
                self.lines[self.at] = " " * inner + rest
                items.append(self._mapping(inner))
            else:
                items.append(self._scalar(rest, column))
        return items

    def _mapping(self, column: int) -> dict:
        members = {}
        while (found := self._next()) and found[0] == column and not _is_item(found[1]):
            key = _key(found[1])
            assert key is not None, f"line {self.at + 1}: no key: {found[1]!r}"
            rest = found[1][len(key) + 1 :].strip()
            if rest:
                members[key] = self._scalar(rest, column)
                continue
            self.at += 1
            below = self._next()
            # A sequence may stand at the column of its key.
            is_list = below is not None and below[0] == column and _is_item(below[1])
            members[key] = self._block(column if is_list else column + 1)
        return members

    def _scalar(self, text: str, column: int):
        self.at += 1
        if text in ("|", "|-"):
            return self._literal(column) if text == "|" else self._literal(column).rstrip("\n")
        if text.startswith("["):
            assert text.endswith("]"), text
            return [_plain(part.strip()) for part in text[1:-1].split(",") if part.strip()]
        if text.startswith("{"):
            assert text.endswith("}"), text
            pairs = (part.split(":", 1) for part in text[1:-1].split(",") if part.strip())
            return {name.strip(): _plain(value.strip()) for name, value in pairs}
        return _plain(text)

    def _literal(self, column: int) -> str:
        lines = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip() and len(line) - len(line.lstrip(" ")) <= column:
                break
            lines.append(line)
            self.at += 1
        while lines and not lines[-1].strip():
            lines.pop()
        width = min(len(line) - len(line.lstrip(" ")) for line in lines if line.strip())
        return "".join(line[width:] + "\n" for line in lines)


def _is_item(text: str) -> bool:
    return text == "-" or text.startswith("- ")


def _key(text: str) -> str | None:
    found = re.match(r"([A-Za-z0-9_.-]+):(?: |$)", text)
    return found.group(1) if found else None


def _plain(text: str) -> str:
    if text[:1] == text[-1:] == "'" and len(text) > 1:
        return text[1:-1].replace("''", "'")
    if text[:1] == text[-1:] == '"' and len(text) > 1:
        assert "\\" not in text, text
        return text[1:-1]
    assert text[:1] not in "&*!>%@`", f"not in this part of YAML: {text!r}"
    return text


def _without_comment(line: str) -> str:
    if line.lstrip().startswith("#"):
        return ""
    return re.sub(r"\s+#.*$", "", line) if "'" not in line and '"' not in line else line
