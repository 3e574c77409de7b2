#include "cli/spelling.hpp"

#include <doctest/doctest.h>

#include <array>

namespace sluice::cli {

TEST_CASE("edit distance counts insertions, deletions, replacements and swaps") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("store", "store") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("store", "sore") == 1);
  CHECK(edit_distance("store", "stoer") == 1);
  CHECK(edit_distance("store", "stare") == 1);
  CHECK(edit_distance("drain", "train-timeout") == 9);
  CHECK(edit_distance(std::string(100, 'a'), std::string(100, 'a')) == 100);
}

TEST_CASE("the nearest word is near and the first of equals") {
  constexpr std::array<std::string_view, 3> known = {"store", "mode", "drain"};
  CHECK(nearest_word("stoer", known) == "store");
  CHECK(nearest_word("mdoe", known) == "mode");
  CHECK(nearest_word("m", known) == std::nullopt);
  CHECK(nearest_word("quiet", known) == std::nullopt);
  CHECK(nearest_word("xx", known) == std::nullopt);
  CHECK(nearest_word("", known) == std::nullopt);
}

}  // namespace sluice::cli
