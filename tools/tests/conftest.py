"""Puts tools/ on the path, and builds small trees."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


@pytest.fixture
def findings(tmp_path):
    """findings(check, {"path": "text"}) runs one house check over a tree of those files."""
    from house_checks.tree import Tree

    def run(check, files: dict[str, str]) -> list[str]:
        for path, text in files.items():
            place = tmp_path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        return [str(finding) for finding in check(Tree(tmp_path))]

    return run
