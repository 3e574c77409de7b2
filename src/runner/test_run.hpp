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
#include "runner/strategy.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sluice::runner {

// Where a line tells how far the run is. Empty functions: nowhere.
struct Display {
  std::function<void(const std::function<std::string()>& text)> show;  // in place of the last one
  std::function<void()> wipe;  // before anything else is written
};

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
  std::size_t retries = 0;   // of a test that failed
  bool reads_tests = false;  // they were told to tell each, though nobody asked for -json
};

// The exit status. Errors: what is needed before anything is started.
Result<int> run_tests(TestRunSettings settings);

}  // namespace sluice::runner
