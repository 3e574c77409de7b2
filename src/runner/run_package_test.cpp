#include "runner/run_package.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {
namespace {

// One of each kind.
Packages some() {
  Packages packages;
  for (const char* name : {"m/run", "m/kept", "m/refused", "m/waits", "m/none"}) {
    packages[name].facts.import_path = name;
    packages[name].facts.has_tests = true;
  }
  packages["m/run"].has_ended = packages["m/run"].is_over = true;
  packages["m/run"].first_end.elapsed_s = 2;
  packages["m/run"].profile = "r";
  packages["m/kept"].was_kept = packages["m/kept"].is_over = true;
  packages["m/kept"].profile = "k";
  packages["m/refused"].is_refused = true;
  packages["m/refused"].profile = "x";
  packages["m/none"].facts.has_tests = false;
  return packages;
}

}  // namespace

TEST_CASE("run package: each counts once in the summary") {
  std::vector<std::string> not_run;
  const RunSummary summary = summary_of(some(), not_run);
  CHECK(summary.not_built == 1);
  CHECK(summary.kept == 1);
  CHECK(summary.not_run == 1);
  CHECK(summary.without_tests == 1);
  CHECK(not_run == std::vector<std::string>{"m/waits"});
}

TEST_CASE("run package: how far the run is") {
  const Progress progress = progress_of(some(), std::nullopt, 2, 0);
  CHECK(progress.all == 3);
  CHECK(progress.done == 2);
  CHECK_FALSE(progress.left_s);
  CHECK(progress.cores == 2);
  journal::TestRunRow row;
  row.package = "m/waits";
  row.wall_us = 4'000'000;
  row.cpu_us = 4'000'000;
  const TestHistory history({row}, "");
  const Progress known = progress_of(some(), history, 2, 0);
  REQUIRE(known.left_s);
  CHECK(*known.left_s == doctest::Approx(4));
}

TEST_CASE("run package: profiles of what go has not refused") {
  CHECK(profiles_of(some()) == std::map<std::string, std::string>{{"m/kept", "k"}, {"m/run", "r"}});
}

}  // namespace sluice::runner
