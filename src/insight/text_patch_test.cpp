#include "insight/text_patch.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

TEST_CASE("lines are put in where they are said to be") {
  CHECK(with_insertions("a\nb\n", {{2, "x\n"}, {1, "y\n"}, {2, "z\n"}, {2, "x\n"}}) ==
        "y\na\nx\nz\nb\n");
  CHECK(with_insertions("a\n", {{9, "x\n"}}) == "a\nx\n");
  CHECK(with_insertions("a", {{2, "x\n"}}) == "a\nx\n");
  CHECK(with_insertions("", {{1, "x\n"}}) == "x\n");
  CHECK(with_insertions("a\r\nb\r\n", {{2, "x\n"}}) == "a\r\nx\r\nb\r\n");
}

TEST_CASE("a diff has three lines around each change") {
  const std::string before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
  CHECK(unified_diff("f", before, with_insertions(before, {{5, "x\n"}}), false) ==
        "--- a/f\n+++ b/f\n@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+x\n 5\n 6\n 7\n");
  CHECK(unified_diff("f", before, with_insertions(before, {{1, "x\n"}, {10, "y\n"}}), false) ==
        "--- a/f\n+++ b/f\n@@ -1,3 +1,4 @@\n+x\n 1\n 2\n 3\n@@ -7,3 +8,4 @@\n 7\n 8\n 9\n+y\n");
  CHECK(unified_diff("f", before, before, false).empty());
  CHECK(unified_diff("f", "", "x\ny\n", true) ==
        "--- /dev/null\n+++ b/f\n@@ -0,0 +1,2 @@\n+x\n+y\n");
  CHECK(unified_diff("f", "a", "a\nx\n", false) ==
        "--- a/f\n+++ b/f\n@@ -1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+x\n");
}

TEST_CASE("the lines of a block end where less is indented") {
  const TextLines lines("a:\n  - b\n    c\n\n  # of d\n  - d\n# of e\ne:\n");
  CHECK(lines.count() == 8);
  CHECK(lines.end_of_block(2, 2) == 3);
  CHECK(lines.end_of_block(1, 0) == 6);
  CHECK(lines.with_comments_above(6) == 5);
  CHECK(lines.with_comments_above(8) == 7);
  CHECK(lines.indent(3) == "    ");
  CHECK(lines.line(0).empty());
  CHECK(lines.line(9).empty());
}

}  // namespace
}  // namespace sluice::insight
