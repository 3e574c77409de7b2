#include "runner/test_history.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {
namespace {

journal::TestRunRow run(std::string words, std::uint64_t wall_us, std::uint64_t cpu_us,
                        std::uint64_t memory = 100) {
  return {"m/p", std::move(words), wall_us, cpu_us, memory};
}

}  // namespace

TEST_CASE("test history: percentiles are values that were there") {
  CHECK(percentile({}, 0.5) == 0);
  CHECK(percentile({7}, 0.95) == 7);
  CHECK(percentile({4, 1, 3, 2}, 0.75) == 3);
  CHECK(percentile({4, 1, 3, 2}, 0.8) == 4);
  CHECK(percentile({4, 1, 3, 2}, 0.0) == 1);
}

TEST_CASE("test history: no journal is no history") {
  const Deadline soon = Deadline::after(std::chrono::seconds(5));
  CHECK_FALSE(TestHistory::of_journal("", "", soon).cost_of("m/p"));
  CHECK_FALSE(TestHistory::of_journal("/nonexistent/journal", "", soon).cost_of("m/p"));
}

TEST_CASE("test history: what a package took with the same words") {
  const std::vector<journal::TestRunRow> rows = {run("", 1'000'000, 500'000, 10),
                                                 run("-race=true", 9'000'000, 9'000'000, 99),
                                                 run("", 2'000'000, 200'000, 20)};
  const TestHistory history(rows, "");
  const auto cost = history.cost_of("m/p");
  REQUIRE(cost);
  CHECK(cost->cores == doctest::Approx(0.5));
  CHECK(cost->memory == 20);
  CHECK(cost->duration_s == doctest::Approx(2));
  CHECK(TestHistory(rows, "-race=true").cost_of("m/p")->memory == 99);
  // Never with these: with any.
  CHECK(TestHistory(rows, "-short").cost_of("m/p")->memory == 99);
  CHECK_FALSE(history.cost_of("m/q"));
  CHECK_FALSE(TestHistory().cost_of("m/p"));
}

TEST_CASE("test history: what was long ago does not count, and nobody takes nothing") {
  std::vector<journal::TestRunRow> rows(k_runs_looked_at, run("", 1'000'000, 0));
  rows.push_back(run("", 60'000'000, 60'000'000));
  const auto cost = TestHistory(rows, "").cost_of("m/p");
  REQUIRE(cost);
  CHECK(cost->duration_s == doctest::Approx(1));
  CHECK(cost->cores == doctest::Approx(0.05));
}

}  // namespace sluice::runner
