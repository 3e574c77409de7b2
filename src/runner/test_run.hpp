// One `sluice test`: starts `go test` to build and vet, runs each package's tests as soon as they
// can be run and the planner lets them, and says what go test would.
//
// Uses a SignalForwarder and the standard streams: once, from the main thread. How the parts work
// together: docs/decisions/tests-start-early.md.
#pragma once

#include "base/result.hpp"
#include "runner/run_report.hpp"
#include "runner/run_screen.hpp"
#include "runner/strategy.hpp"
#include "runner/test_build.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace sluice::runner {

// `programs` and `hears_stderr` are set by the run itself.
struct TestRunSettings : TestBuildSettings {
  std::unique_ptr<Strategy> strategy;
  bool explains = false;      // each start, on stderr
  bool says_summary = false;  // one line on stderr at the end
  RunReportSettings report;
  Display display;
  std::optional<std::size_t> retries;  // of a test that failed; none: as its class says
  std::uint64_t seed = 0;              // that tests are told
  bool reads_tests = false;            // they were told to tell each, though nobody asked for -json
};

// The exit status. Errors: what is needed before anything is started.
Result<int> run_tests(TestRunSettings settings);

}  // namespace sluice::runner
