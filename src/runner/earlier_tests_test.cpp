#include "runner/earlier_tests.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {
namespace {

using Names = std::set<std::string>;
using Rows = std::vector<journal::TestOutcomeRow>;

constexpr bool k_failed = true;
constexpr bool k_passed = false;

journal::TestOutcomeRow row(std::int64_t command, std::string test, bool has_failed,
                            std::uint64_t wall_us = 10, std::string words = "") {
  return {command, "m/a", std::move(test), std::move(words), has_failed, wall_us};
}

// What of m/a failed when it ran last: nothing where all is well.
std::optional<Names> failed(const Rows& rows) {
  const EarlierTests earlier(rows);
  const auto at = earlier.failed().find("m/a");
  return at == earlier.failed().end() ? std::nullopt : std::optional(at->second);
}

}  // namespace

TEST_CASE("earlier tests: what failed in the last run, attempts included") {
  CHECK(failed({row(3, "", k_failed), row(3, "TestA", k_failed), row(3, "TestA", k_failed),
                row(3, "TestFlaky", k_failed), row(3, "TestFlaky", k_passed), row(2, "", k_failed),
                row(2, "TestB", k_failed)}) == Names{"TestA"});
  CHECK_FALSE(
      failed({row(3, "", k_failed), row(3, "TestFlaky", k_failed), row(3, "TestFlaky", k_passed)}));
  CHECK_FALSE(failed({row(2, "", k_passed), row(1, "", k_failed), row(1, "TestA", k_failed)}));
}

TEST_CASE("earlier tests: the package, where nobody was told of tests") {
  CHECK(failed({row(2, "", k_failed)}) == Names{});
  // A panic: of those that passed before it the names are there.
  CHECK(failed({row(2, "", k_failed), row(2, "TestA", k_passed)}) == Names{});
}

TEST_CASE("earlier tests: a run of some tests says nothing of the others") {
  const Rows whole = {row(1, "", k_failed), row(1, "TestA", k_failed), row(1, "TestB", k_failed)};
  Rows rows = {row(2, "", k_passed, 10, "-test.run=TestA"), row(2, "TestA", k_passed)};
  rows.insert(rows.end(), whole.begin(), whole.end());
  CHECK(failed(rows) == Names{"TestB"});
  rows = {row(2, "", k_passed, 10, "-race=true -test.skip=^(TestB)$")};
  rows.insert(rows.end(), whole.begin(), whole.end());
  CHECK(failed(rows) == Names{"TestA", "TestB"});
}

TEST_CASE("earlier tests: how long each took") {
  const EarlierTests earlier({row(3, "", k_passed, 5, "-test.skip=^(TestA)$"),
                              row(2, "", k_passed, 50), row(2, "TestA", k_passed, 20),
                              row(1, "", k_passed, 90), row(1, "TestB", k_passed, 0)});
  CHECK(earlier.expected_us("m/a", "") == 90U);
  CHECK(earlier.expected_us("m/a", "TestA") == 20U);
  CHECK_FALSE(earlier.expected_us("m/a", "TestB"));
  CHECK_FALSE(earlier.expected_us("m/b", ""));
  CHECK(earlier.knows("m/a"));
  CHECK_FALSE(earlier.knows("m/b"));
}

TEST_CASE("earlier tests: no journal is nothing known") {
  const Deadline soon = Deadline::after(std::chrono::seconds(5));
  CHECK(EarlierTests::of_journal("", soon).failed().empty());
  CHECK(EarlierTests::of_journal("/nonexistent/journal", soon).failed().empty());
}

}  // namespace sluice::runner
