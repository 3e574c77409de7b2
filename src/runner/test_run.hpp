// One `sluice test`: starts `go test` to build and vet, runs each package's tests as soon as they
// can be run and the planner lets them, and says what go test would.
//
// Uses a SignalForwarder and the standard streams: once, from the main thread. How the parts work
// together: docs/decisions/tests-start-early.md.
#pragma once

#include "agent/config.hpp"
#include "base/result.hpp"
#include "gotool/test_words.hpp"
#include "runner/run_report.hpp"
#include "runner/run_screen.hpp"
#include "runner/strategy.hpp"
#include "runner/test_plan.hpp"
#include "runner/test_rules.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice::runner {

struct TestRunSettings {
  agent::AgentConfig config;
  sys::Environment env;     // of go and of the tests: sluice is before go's tools
  gotool::TestWords words;  // that sluice can do
  sys::Path sluice;         // this program
  sys::Path tested;         // the same by the name k_tested_name
  std::unique_ptr<Strategy> strategy;
  bool explains = false;      // each start, on stderr
  bool says_summary = false;  // one line on stderr at the end
  RunReportSettings report;
  Display display;
  TestRules rules = usual_rules();
  sys::Path rules_directory;  // of the file that has them
  Selection selection;
  std::optional<std::size_t> retries;  // of a test that failed; none: as its class says
  std::uint64_t seed = 0;              // that tests are told
  bool reads_tests = false;            // they were told to tell each, though nobody asked for -json
};

// The exit status. Errors: what is needed before anything is started.
Result<int> run_tests(TestRunSettings settings);

}  // namespace sluice::runner
