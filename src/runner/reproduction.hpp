// The command that runs again what failed, under what it was told.
//
// Pure functions: any thread.
#pragma once

#include "gotool/test_words.hpp"
#include "runner/package_words.hpp"
#include "runner/test_records.hpp"
#include "sys/environment.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::runner {

struct FailedRun {
  std::string_view import_path;
  const gotool::TestWords& words;  // of the run
  const PackageWords& told;        // of this package
  const TestRecords& tests;
  std::string_view said;   // by the package: it has the seed of -shuffle
  std::uint64_t seed = 0;  // SLUICE_SEED
  std::string gomaxprocs;  // that the test had; empty: not known
};

// For a shell: "GOMAXPROCS=2 SLUICE_SEED=7 go test -race -run '^(TestA)$' example.com/m/p".
std::string reproduction_of(const FailedRun& failed);

// GOMAXPROCS as a test has it: as it was told, else by the processors.
std::string gomaxprocs_of(const sys::Environment& env, double cores);

}  // namespace sluice::runner
