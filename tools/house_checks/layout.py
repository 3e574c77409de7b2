"""Which files stand where: tests beside units, corpora for fuzz targets, shapes of headers."""

from __future__ import annotations

from .tree import Finding, Tree

# Units without a test of their own, each with the reason.
WITHOUT_TEST = {
    "src/main.cpp": "picks a command; the integration tests run it",
    "src/base/fmt_unit.cpp": "compiles a library's own sources",
    "src/codec/json_unit.cpp": "compiles a library's own sources",
}


def check_tests(tree: Tree) -> list[Finding]:
    """Beside every unit stands its test, so that a missing one shows in the listing."""
    findings = []
    for file in tree.sources():
        if file.suffix != ".cpp" or file.is_test or file.path in WITHOUT_TEST:
            continue
        test = file.path.removesuffix(".cpp") + "_test.cpp"
        if test not in tree.paths:
            findings.append(Finding(file.path, 1, f"no {test.rsplit('/')[-1]} beside it"))
    return findings


def check_excuses(tree: Tree) -> list[Finding]:
    """An exception for a file that is gone, or that has a test by now, is struck out."""
    findings = []
    for path in WITHOUT_TEST:
        test = path.removesuffix(".cpp") + "_test.cpp"
        if test in tree.paths:
            findings.append(Finding(path, 1, f"has {test}: strike it from WITHOUT_TEST"))
    return findings


def check_corpora(tree: Tree) -> list[Finding]:
    """Every fuzz target has inputs to replay, every corpus a target or a test that reads it."""
    findings = []
    for file in tree.files:
        if not file.path.startswith("tests/fuzz/") or not file.path.endswith("_fuzz.cpp"):
            continue
        name = file.path.rsplit("/")[-1].removesuffix("_fuzz.cpp")
        directory = tree.root / "tests" / "corpus" / name
        if not directory.is_dir() or not any(p.is_file() for p in directory.rglob("*")):
            findings.append(Finding(file.path, 1, f"no inputs in tests/corpus/{name}"))
    return findings


def check_headers(tree: Tree) -> list[Finding]:
    """A header says first what it is for, then that it is read once, then who is concerned."""
    findings = []
    for file in tree.headers():
        first = next((line for line in file.lines if line.strip()), "")
        if not first.startswith("// ") or len(first) < 15:
            message = "begins with a comment: what it is for, owners, threads, errors"
            findings.append(Finding(file.path, 1, message))
        if not any(line.strip() == "#pragma once" for line in file.code):
            findings.append(Finding(file.path, 1, "no #pragma once"))
        if file.room and not any("namespace sluice" in line for line in file.code):
            findings.append(Finding(file.path, 1, "declares nothing in namespace sluice"))
    return findings
