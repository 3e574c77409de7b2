// The packages of a run: what is known of each, how far it is, and what that comes to.
//
// Of the thread of the run.
#pragma once

#include "gotool/test_packages.hpp"
#include "runner/package_command.hpp"
#include "runner/package_report.hpp"
#include "runner/progress.hpp"
#include "runner/run_summary.hpp"
#include "runner/slots.hpp"
#include "runner/test_history.hpp"
#include "runner/test_plan.hpp"
#include "runner/test_process.hpp"
#include "sys/file.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice::runner {

// A package whose tests can be run, or need not be.
struct Package {
  gotool::TestPackage facts;
  std::string action;  // the first part of its program's build ID
  PackageFiles files;  // in the directory of its program
  sys::Path program;
  std::unique_ptr<PackageReport> report;
  std::unique_ptr<TestProcess> process;
  std::optional<Slot> slot;                                   // while it runs
  std::vector<std::pair<std::string, std::string>> slot_env;  // of its last run
  double started_s = 0;
  TestEnd first_end;                   // before attempts
  std::optional<std::string> profile;  // of coverage
  bool has_come = false;
  bool is_over = false;
  bool is_counted = false;  // among those that its classes expect
  bool was_told_slow = false;
  bool has_ended = false;
  bool has_passed = false;
  bool was_kept = false;    // its result, from before
  bool is_refused = false;  // by go, which says why
  bool is_cleared = false;  // by go: neither build nor vet is against it
  bool is_vetted_inside = false;
  bool is_vetted_outside = false;
  bool was_vetted = false;  // that is kept

  bool has_run() const { return !slot_env.empty(); }
};

using Packages = std::unordered_map<std::string, Package>;  // by import path

// At the end. Those that should have run and did not are told, too.
RunSummary summary_of(const Packages& packages, std::vector<std::string>& not_run);
// Now; what is known of the processors is not in it. Without a history no time is left.
Progress progress_of(const Packages& packages, const std::optional<TestHistory>& history,
                     double cores, double now_s);
// Of coverage, in one order whatever came first.
std::map<std::string, std::string> profiles_of(const Packages& packages);
// What runs for longer than its class is said to take: lines for people, each package once.
std::vector<std::string> slow_ones(Packages& packages, const TestPlan& plan, const TestRules& rules,
                                   double now_s);
void signal_all(const Packages& packages, int signal);

}  // namespace sluice::runner
