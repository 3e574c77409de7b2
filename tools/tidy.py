#!/usr/bin/env python3
"""The house checks: rules of the code base that no compiler knows. One line a check, then findings.

tools/tidy.py [--root DIRECTORY] [NAME]...
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from house_checks import calls, edges, layout, size, text
from house_checks.tree import Finding, Tree

CHECKS: dict[str, Callable[[Tree], list[Finding]]] = {
    "rooms": edges.check_rooms,
    "libraries": edges.check_libraries,
    "heavy-headers": edges.check_heavy,
    "calls": calls.check_calls,
    "function-length": size.check_functions,
    "file-length": size.check_files,
    "line-length": size.check_lines,
    "leftovers": text.check_leftovers,
    "machine-paths": text.check_machine_paths,
    "registries": text.check_registries,
    "headings": text.check_headings,
    "links": text.check_links,
    "tests-beside-units": layout.check_tests,
    "excuses": layout.check_excuses,
    "corpora": layout.check_corpora,
    "headers": layout.check_headers,
}


def run_checks(root: Path, names: list[str] | None = None) -> dict[str, list[Finding]]:
    tree = Tree(root)
    return {name: CHECKS[name](tree) for name in names or CHECKS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CHECKS))
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(CHECKS))
    if unknown:
        parser.error(f"no such check: {', '.join(unknown)}")
    results = run_checks(arguments.root, arguments.names)
    for name, findings in results.items():
        print(f"{'FAILED' if findings else 'ok':6} house check {name}")
        for finding in findings:
            print(f"       {finding}")
    sys.exit(1 if any(results.values()) else 0)


if __name__ == "__main__":
    main()
