#include "base/shell_quote.hpp"

#include <doctest/doctest.h>

namespace sluice {

TEST_CASE("shell quote: what a shell gives back as it was") {
  CHECK(shell_quoted("a b") == "'a b'");
  CHECK(shell_quoted("it's") == "'it'\\''s'");
  CHECK(shell_quoted("") == "''");
}

TEST_CASE("shell quote: only where it is needed") {
  CHECK(shell_word("-race=true") == "-race=true");
  CHECK(shell_word("example.com/m/p") == "example.com/m/p");
  CHECK(shell_word("^(TestA|TestB)$") == "'^(TestA|TestB)$'");
  CHECK(shell_word("$x") == "'$x'");
  CHECK(shell_word("~") == "'~'");
  CHECK(shell_word("") == "''");
}

}  // namespace sluice
