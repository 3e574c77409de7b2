#include "base/glob.hpp"

#include <doctest/doctest.h>

#include <string>

namespace sluice {

TEST_CASE("glob: one element") {
  CHECK(matches_glob("Cargo.lock", "Cargo.lock"));
  CHECK(matches_glob("Cargo.lock", "*.lock"));
  CHECK(matches_glob("Cargo.lock", "C?rgo.*"));
  CHECK(matches_glob("a-b-c", "a*c"));
  CHECK(matches_glob("", "*"));
  CHECK(matches_glob("x9", "x[0-9]"));
  CHECK(matches_glob("x]", "x[]]"));
  CHECK(matches_glob("x[", "x["));
  CHECK_FALSE(matches_glob("x9", "x[!0-9]"));
  CHECK_FALSE(matches_glob("Cargo.lock", "*.toml"));
  CHECK_FALSE(matches_glob("a", ""));
  CHECK_FALSE(matches_glob("", "?"));
}

TEST_CASE("glob: directories") {
  CHECK(matches_glob("a/b/Cargo.lock", "**/Cargo.lock"));
  CHECK(matches_glob("Cargo.lock", "**/Cargo.lock"));
  CHECK(matches_glob("a/b/c", "a/**"));
  CHECK(matches_glob("a", "a/**"));
  CHECK(matches_glob("a/x/y/b", "a/**/b"));
  CHECK(matches_glob("a/b", "*/*"));
  CHECK_FALSE(matches_glob("a/b", "*"));
  CHECK_FALSE(matches_glob("a/b", "a?b"));
  CHECK_FALSE(matches_glob("x/a/b", "a/**"));
  CHECK_FALSE(matches_glob("ab", "a**/b"));
}

TEST_CASE("glob: a pattern of stars is no work") {
  const std::string name(2000, 'a');
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "a*";
  CHECK_FALSE(matches_glob(name, pattern + "b"));
}

}  // namespace sluice
