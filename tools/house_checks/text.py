"""What no file may say, and what Markdown must: leftovers, one machine's paths, headings, links."""

from __future__ import annotations

import posixpath
import re

from .tree import File, Finding, Tree

_OWN = "tools/house_checks/"  # the patterns below would find themselves
_OWN_TESTS = "tools/tests/"

_TEXT_SUFFIXES = (".cpp", ".hpp", ".py", ".go", ".md", ".cmake", ".sh", ".txt", ".json", ".toml")
_LEFTOVER = re.compile(r"\b(?:(?<!context\.)TODO|FIXME|XXX|HACK)\b|\b[Nn]ot implemented\b")
# Directories that exist on one machine only, and hosts that belong into a machine's configuration.
_MACHINE = re.compile(
    r"(?<![\w.~$}])/(?:work/|root/|farm/|opt/engines|Users/|home/(?!u/|user/|runner/|ci/)[a-z]+/"
    r"|tmp/(?:brief|build-|bash_jobs|h\d))"
    r"|(?<![\w])\.\./shared/|\bshared/research\b"
)
_REGISTRY = re.compile(
    r"\b(?:proxy\.golang|sum\.golang|pypi|deb\.debian|registry\.npmjs|pythonhosted)\.(?:org|com)\b"
)

_FENCE = re.compile(r"^\s*(```|~~~)")
_LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_INLINE_CODE = re.compile(r"`[^`]*`")


def _texts(tree: Tree) -> list[File]:
    named = ("Makefile", "CMakeLists.txt", ".ci/run")
    return [
        file
        for file in tree.files
        if (file.suffix in _TEXT_SUFFIXES or file.path in named)
        and not file.path.startswith((_OWN, _OWN_TESTS, "tests/corpus/"))
    ]


def _each_line(tree: Tree, rule: str, pattern: re.Pattern, message: str) -> list[Finding]:
    return [
        Finding(file.path, number, f"{message}: {found[0]}")
        for file in _texts(tree)
        for number, line in enumerate(file.lines, 1)
        if (found := pattern.search(line)) and not file.allows(number, rule)
    ]


def check_leftovers(tree: Tree) -> list[Finding]:
    """Work that was put off is an issue, not a comment."""
    return _each_line(tree, "leftover", _LEFTOVER, "do it, or open an issue and delete this")


def check_machine_paths(tree: Tree) -> list[Finding]:
    """A fresh machine has no directory of somebody's own."""
    return _each_line(tree, "machine-path", _MACHINE, "a path of one machine")


def check_registries(tree: Tree) -> list[Finding]:
    """Which mirror packages come from is the machine's configuration, not the project's."""
    return _each_line(tree, "registry", _REGISTRY, "a host that the machine's configuration names")


def prose(file: File) -> list[tuple[int, str]]:
    """(number, line) of a Markdown file outside of fenced code."""
    lines, fence = [], None
    for number, line in enumerate(file.lines, 1):
        match = _FENCE.match(line)
        if match and fence in (None, match[1]):
            fence = None if fence else match[1]
        elif fence is None and not line.startswith("    "):
            lines.append((number, line))
    return lines


def check_headings(tree: Tree) -> list[Finding]:
    """One title a page, and it comes first."""
    findings = []
    for file in tree.having(".md"):
        titles = [number for number, line in prose(file) if re.match(r"# \S", line)]
        if len(titles) != 1:
            findings.append(
                Finding(file.path, (titles + [1, 1])[1], f"{len(titles)} H1, one wanted")
            )
    return findings


def anchors(file: File) -> set[str]:
    """The names by which a page's headings are linked, as code forges make them."""
    names: set[str] = set()
    for _, line in prose(file):
        match = re.match(r"#{1,6} +(.*?)\s*#*$", line)
        if not match:
            continue
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match[1]).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        names.add(next(s for n in range(999) if (s := f"{slug}-{n}" if n else slug) not in names))
    return names


def check_links(tree: Tree) -> list[Finding]:
    """Relative links lead to a file of the tree, and to a heading in it."""
    pages = {file.path: file for file in tree.having(".md")}
    findings = []
    for file in pages.values():
        for number, line in prose(file):
            for target in _LINK.findall(_INLINE_CODE.sub("", line)):
                message = _link_message(tree, pages, file, target)
                if message:
                    findings.append(Finding(file.path, number, message))
    return findings


def _link_message(tree: Tree, pages: dict[str, File], file: File, target: str) -> str | None:
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return None  # another place: not ours to prove
    path, _, anchor = target.partition("#")
    place = file.path
    if path:
        place = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), path))
        directory = any(known.startswith(place + "/") for known in tree.paths) or place == "."
        if place not in tree.paths and not directory and not (tree.root / place).exists():
            return f"the link {target} leads to no file"
    if anchor and place in pages and anchor not in anchors(pages[place]):
        return f"the link {target} leads to no heading"
    return None
