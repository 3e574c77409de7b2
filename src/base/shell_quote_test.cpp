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

TEST_CASE("shell quote: names of variables") {
  for (const std::string_view name : {"A", "_", "a1", "GO_VERSION"}) CHECK(is_variable_name(name));
  for (const std::string_view none : {"", "1a", "a-b", "a b", "a.b", "\u00e4"}) {
    CHECK_FALSE(is_variable_name(none));
  }
}

}  // namespace sluice
