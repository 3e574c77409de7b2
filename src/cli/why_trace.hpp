// `sluice why --trace`: runs a job's command again so that go says what it hashes, and prints it.
//
// Called once, from the main thread; run_why has found the job. The command runs as `sluice go`
// without a journal and without writing to the store, in the directory of the job; what go and the
// tests print goes to standard error. Exit 2 where there is nothing that can be run again, 1 where
// go failed. Memory is bounded by insight/traced_actions.hpp.
#pragma once

#include "base/result.hpp"
#include "cli/setup.hpp"
#include "codec/json.hpp"
#include "gotool/hash_trace.hpp"
#include "insight/why.hpp"
#include "insight/why_trace.hpp"
#include "sys/environment.hpp"
#include "sys/process.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace sluice::cli {

// What is asked of a trace.
struct TraceRequest {
  insight::Explanation explanation;  // of the job, with all of its packages
  std::optional<journal::JobRow> against;
  std::vector<std::string> words;     // packages, as typed
  std::vector<std::string> patterns;  // the same as import paths
  bool json = false;
};

// What is run again.
struct Rerun {
  std::vector<std::string> words;  // behind "go"
  sys::Path directory;
  std::string goflags;
  std::string go_version;  // that the job had
  bool runs_tests = false;
};

// The job's last command that can be run again. Code::invalid: there is none, with the reason of
// its last command.
Result<Rerun> choose_rerun(const insight::Explanation& explanation);
// The environment of `sluice go` for it.
sys::Environment rerun_environment(const sys::Environment& env, const Rerun& rerun,
                                   const std::string& goflags_now);

// How it went.
struct TraceRun {
  gotool::HashCounts counts;
  std::chrono::microseconds took{0};
  sys::ExitStatus status;
  bool is_cut = false;  // more than is kept
};

// Leaves what was asked for: packages by name, else those that the job compiled and tests that ran.
// Code::invalid for a package that was not traced.
Result<void> select_traced(insight::TraceExplanation& traced, const TraceRequest& request);

std::string why_trace_text(const TraceRequest& request, const Rerun& rerun, const TraceRun& run,
                           const insight::TraceExplanation& traced);
codec::Json why_trace_json(const TraceRequest& request, const Rerun& rerun, const TraceRun& run,
                           const insight::TraceExplanation& traced);

int run_why_trace(const Setup& setup, const TraceRequest& request, const sys::Environment& env);

}  // namespace sluice::cli
