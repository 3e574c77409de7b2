#include "runner/run_summary.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {

TEST_CASE("run summary: what is not there is not said") {
  RunSummary summary;
  CHECK(summary.text(1).empty());
  summary.ran("m/a", true, 0.5);
  CHECK(summary.text(1) == "1 package in 1.00 s: 1 ran");
  summary.kept = 1;
  CHECK(summary.text(1) == "2 packages in 1.00 s: 1 ran, 1 kept from before");
}

TEST_CASE("run summary: all of it, and who bounds the run") {
  RunSummary summary;
  summary.ran("m/slow", true, 9.8);
  summary.ran("m/a", false, 0.5);
  summary.flaky = 1;
  summary.kept = summary.not_built = summary.not_run = 1;
  summary.without_tests = 2;
  CHECK(summary.text(12.34) ==
        "7 packages in 12.34 s: 2 ran, 1 of them failed, 1 flaky test, 1 kept from before, "
        "1 not built, 1 not run, 2 without tests; m/slow took 9.80 s of it");
  CHECK(summary.text(20).find("m/slow") == std::string::npos);
}

}  // namespace sluice::runner
