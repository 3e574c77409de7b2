"""Breaking comments that are too long, and leaving alone all others."""

import pytest
from format import break_comments

WORDS = "word " * 19  # 95 columns with its last blank


def test_words_move_to_the_next_line_of_the_paragraph():
    long = f"// {WORDS}overflowing here"
    assert break_comments([long, "// goes on.", "int x;"]) == [
        f"// {WORDS}".rstrip(),
        "// overflowing here goes on.",
        "int x;",
    ]


@pytest.mark.parametrize("after", ["//", "int x;", "// - an item", "//   indented", "// | a | b |"])
def test_what_is_not_the_paragraph_is_left(after):
    long = f"  // {WORDS}over"
    assert break_comments([long, after]) == [f"  // {WORDS}".rstrip(), "  // over", after]


def test_an_item_hangs():
    assert break_comments([f"// - {WORDS}over", "//   and on"]) == [
        f"// - {WORDS}".rstrip(),
        "//   over and on",
    ]


@pytest.mark.parametrize("line", [f"int x;  // {WORDS}over", "// " + "x" * 120, f"// {WORDS}"])
def test_other_lines_stay(line):
    assert break_comments([line]) == [line]
