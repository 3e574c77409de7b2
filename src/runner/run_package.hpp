// A package of a run: what is known of it, and how far it is. Of the thread of the run.
#pragma once

#include "gotool/test_packages.hpp"
#include "runner/package_command.hpp"
#include "runner/package_report.hpp"
#include "runner/test_process.hpp"
#include "sys/file.hpp"

#include <memory>
#include <optional>
#include <string>

namespace sluice::runner {

// A package whose tests can be run, or need not be.
struct Package {
  gotool::TestPackage facts;
  std::string action;  // the first part of its program's build ID
  PackageFiles files;  // in the directory of its program
  sys::Path program;
  std::unique_ptr<PackageReport> report;
  std::unique_ptr<TestProcess> process;
  double started_s = 0;
  TestEnd first_end;                   // before attempts
  std::optional<std::string> profile;  // of coverage
  bool has_come = false;
  bool is_over = false;
  bool has_ended = false;
  bool has_passed = false;
  bool was_kept = false;    // its result, from before
  bool is_refused = false;  // by go, which says why
  bool is_cleared = false;  // by go: neither build nor vet is against it
  bool is_vetted_inside = false;
  bool is_vetted_outside = false;
  bool was_vetted = false;  // that is kept
};

}  // namespace sluice::runner
