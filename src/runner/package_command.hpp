// How the test binary of a package is started: as `go test` starts it.
//
// Pure functions: any thread. Source: runTestActor of cmd/go/internal/test/test.go, Go 1.24 to
// 1.27.
#pragma once

#include "gotool/test_packages.hpp"
#include "runner/go_rules.hpp"
#include "runner/package_words.hpp"
#include "runner/test_process.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

namespace sluice::runner {

// What the run of one package leaves, in a directory of its own.
struct PackageFiles {
  sys::Path directory;

  sys::Path log() const { return directory / "testlog.txt"; }  // what the test consults
  sys::Path profile() const { return directory / "cover.out"; }
  sys::Path counters() const { return directory / "gocoverdir"; }
};

struct PackageGo {
  const PackageWords& words;
  const sys::Environment& env;
  const sys::Path& goroot;
  Limits limits;
  bool is_covered = false;
};

// `program` is run in the directory of the package. What it consults is logged where go would keep
// a result.
TestCommand package_command(const gotool::TestPackage& package, const sys::Path& program,
                            const PackageFiles& files, const PackageGo& go);

}  // namespace sluice::runner
