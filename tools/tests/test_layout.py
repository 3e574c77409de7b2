"""Tests beside units, corpora, shapes of headers; and the tidy program as a whole."""

import subprocess
import sys
from pathlib import Path

from house_checks import layout

TIDY = Path(__file__).resolve().parent.parent / "tidy.py"
HEADER = "// What it is for and who owns it.\n#pragma once\n\nnamespace sluice::a {}\n"


def test_a_unit_without_a_test_fails(findings):
    [found] = findings(
        layout.check_tests, {"src/a/x.cpp": "", "src/a/y.cpp": "", "src/a/y_test.cpp": ""}
    )
    assert found == "src/a/x.cpp:1: no x_test.cpp beside it"


def test_main_needs_none(findings):
    assert findings(layout.check_tests, {"src/main.cpp": ""}) == []


def test_an_excuse_that_is_not_needed_fails(findings):
    [found] = findings(layout.check_excuses, {"src/main.cpp": "", "src/main_test.cpp": ""})
    assert "strike it" in found


def test_a_fuzz_target_needs_a_corpus(findings):
    target = {"tests/fuzz/json_fuzz.cpp": ""}
    [found] = findings(layout.check_corpora, target)
    assert "tests/corpus/json" in found
    assert findings(layout.check_corpora, {**target, "tests/corpus/json/1": "{}"}) == []


def test_headers_have_a_shape(findings):
    assert findings(layout.check_headers, {"src/a/x.hpp": HEADER}) == []
    for broken in (HEADER.split("\n", 1)[1], HEADER.replace("#pragma once\n", ""), HEADER[:-25]):
        assert len(findings(layout.check_headers, {"src/a/x.hpp": broken})) == 1


def run_tidy(root: Path, *names: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(TIDY), "--root", str(root), *names]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_program_fails_with_findings_and_passes_without(tmp_path):
    (tmp_path / "src" / "base").mkdir(parents=True)
    unit = tmp_path / "src" / "base" / "a.cpp"
    unit.write_text('#include "cli/go.hpp"\n')
    out = run_tidy(tmp_path, "rooms")
    assert out.returncode == 1
    assert "FAILED house check rooms" in out.stdout
    assert "src/base/a.cpp:1: room base" in out.stdout
    unit.write_text("int x;\n")
    out = run_tidy(tmp_path, "rooms")
    assert (out.returncode, out.stdout) == (0, "ok     house check rooms\n")


def test_the_program_refuses_an_unknown_name(tmp_path):
    assert run_tidy(tmp_path, "nonsense").returncode == 2
