"""Counting what the runners say."""

import pytest
from test_results import (
    Tally,
    doctest_tally,
    failed_nodes,
    junit_tally,
    replay_count,
    slowest,
)

TOTAL = "[doctest] test cases: {} | {} passed | {} failed | {} skipped\n"


def test_doctest_counts():
    found = doctest_tally("base", "noise\n" + TOTAL.format(" 12", " 12", 0, 0), 0)
    assert (found.passed, found.failures, found.skips) == (12, [], [])
    found = doctest_tally("base", TOTAL.format(3, 1, 2, 4), 1)
    assert (found.passed, len(found.failures), len(found.skips)) == (1, 2, 4)


def test_a_failure_says_which_case_and_where():
    output = (
        "../../src/a_test.cpp:3:\nTEST CASE:  a full disk\n\n"
        "../../src/a_test.cpp:9: FATAL ERROR: REQUIRE( room() ) is NOT correct!\n"
        "  values: REQUIRE( false )\n\n"
        "../../src/a_test.cpp:12: ERROR: CHECK( a == b ) is NOT correct!\n"
        "TEST CASE:  another one\n" + TOTAL.format(3, 1, 2, 0)
    )
    assert doctest_tally("sys", output, 1).failures == [
        "sys: a full disk (a_test.cpp:9: REQUIRE( room() ) is NOT correct!)",
        "sys: a test case",
    ]


def test_a_case_that_says_skipped_is_not_passed():
    output = (
        "TEST CASE:  a full disk\n\na_test.cpp:9: MESSAGE: skipped: needs root\n"
        "a_test.cpp:10: MESSAGE: skipped: and this\n" + TOTAL.format(2, 2, 0, 0)
    )
    found = doctest_tally("sys", output, 0)
    assert found.passed == 1
    assert found.skips == ["sys: a full disk: skipped: needs root"]


@pytest.mark.parametrize(
    ("output", "code"), [("", -11), (TOTAL.format(2, 2, 0, 0), 1), ("no tests", 0)]
)
def test_a_run_that_did_not_end_well_fails(output, code):
    assert len(doctest_tally("sys", output, code).failures) == 1


def test_junit(tmp_path):
    report = tmp_path / "r.xml"
    report.write_text(
        """<testsuites><testsuite>
        <testcase classname="t.a" name="one"/>
        <testcase classname="t.a" name="two"><failure/></testcase>
        <testcase classname="t.a" name="three"><error/></testcase>
        <testcase classname="t.a" name="four"><skipped message="needs root"/></testcase>
        </testsuite></testsuites>"""
    )
    found = junit_tally("it", report, 1)
    assert (found.passed, len(found.failures)) == (1, 2)
    assert found.skips == ["it: a::four: needs root"]


def test_pytest_that_broke_fails(tmp_path):
    report = tmp_path / "r.xml"
    assert len(junit_tally("it", report, 0).failures) == 1
    report.write_text("<testsuites><testsuite/></testsuites>")
    assert len(junit_tally("it", report, 5).failures) == 1


def test_slowest(tmp_path):
    report = tmp_path / "r.xml"
    assert slowest(report) == []
    report.write_text(
        "<testsuites><testsuite>"
        '<testcase classname="t.a" name="one" time="9.9"/>'
        '<testcase classname="t.a" name="two" time="10.5"/>'
        '<testcase classname="t.b" name="three" time="100"/>'
        "</testsuite></testsuites>"
    )
    files = ["  20.4 s a, 2 cases"]
    assert slowest(report) == [" 100.0 s b::three", "  10.5 s a::two", *files]
    assert slowest(report, 1) == [" 100.0 s b::three", *files]


def test_replay():
    assert replay_count("replayed 12 inputs\n") == 12
    assert replay_count("replay: cannot read\n") is None


def test_sum():
    total = Tally(1, ["a"], []) + Tally.of(True, "b") + Tally.of(False, "c")
    assert total.line() == "2 passed, 2 failed, 0 skipped"


REPORT = """<testsuites><testsuite>
<testcase classname="tests.integration.test_a" name="one"/>
<testcase classname="tests.integration.test_a" name="two[s3]">
<failure message="no&#10;x"/></testcase>
<testcase classname="tests.integration.test_a" name="three"><error message="no"/></testcase>
</testsuite></testsuites>"""


def test_what_failed_is_named_with_its_reason_and_can_be_run_again(tmp_path):
    report = tmp_path / "r.xml"
    assert failed_nodes(report) == []
    report.write_text(REPORT)
    named = ["it: test_a::two[s3] (no)", "it: test_a::three (no)"]
    assert junit_tally("it", report, 1).failures == named
    nodes = ["tests/integration/test_a.py::two[s3]", "tests/integration/test_a.py::three"]
    assert failed_nodes(report) == nodes


def test_a_rerun_makes_no_failure_vanish():
    first = Tally(5, ["it: a::x (why)", "it: a::y"], ["it: a::z: root"])
    both = first.after_rerun(Tally(2))
    assert (both.passed, both.failures, both.flaky) == (7, [], ["it: a::x (why)", "it: a::y"])
    assert both.skips == first.skips
    one = first.after_rerun(Tally(1, ["it: a::y (other)"]))
    assert (one.passed, one.failures, one.flaky) == (6, ["it: a::y"], ["it: a::x (why)"])
    for broken in (Tally(failures=["it: pytest ended with 2 and no report"]), Tally(1), Tally()):
        assert first.after_rerun(broken).failures == first.failures
    assert first.after_rerun(Tally(1, skips=["it: a::y: root"])).failures == first.failures
