#include "runner/earlier_tests.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {

using Names = std::set<std::string>;

TEST_CASE("earlier tests: what failed in the last run of each package") {
  const EarlierTests earlier({
      {3, "m/a", "", true, 50},       // the newest command
      {3, "m/a", "TestA", true, 10},  // in each attempt
      {3, "m/a", "TestA", true, 10},
      {3, "m/a", "TestFlaky", true, 10},
      {3, "m/a", "TestFlaky", false, 10},
      {3, "m/b", "", true, 60},
      {2, "m/a", "", false, 90},
      {2, "m/a", "TestB", true, 20},
      {3, "m/flaky", "", true, 60},
      {3, "m/flaky", "TestX", true, 10},
      {3, "m/flaky", "TestX", false, 10},
      {2, "m/c", "", false, 70},
      {1, "m/c", "", true, 80},
  });
  const auto& failed = earlier.failed();
  REQUIRE(failed.size() == 2);
  CHECK(failed.at("m/a") == Names{"TestA"});
  CHECK(failed.at("m/b").empty());
}

TEST_CASE("earlier tests: how long each took") {
  const EarlierTests earlier({{2, "m/a", "", false, 50},
                              {2, "m/a", "TestA", false, 10},
                              {1, "m/a", "", false, 90},
                              {1, "m/a", "TestB", false, 0}});
  CHECK(earlier.expected_us("m/a", "") == 90U);
  CHECK(earlier.expected_us("m/a", "TestA") == 10U);
  CHECK_FALSE(earlier.expected_us("m/a", "TestB"));
  CHECK_FALSE(earlier.expected_us("m/b", ""));
}

TEST_CASE("earlier tests: no journal is nothing known") {
  const Deadline soon = Deadline::after(std::chrono::seconds(5));
  CHECK(EarlierTests::of_journal("", soon).failed().empty());
  CHECK(EarlierTests::of_journal("/nonexistent/journal", soon).failed().empty());
}

}  // namespace sluice::runner
