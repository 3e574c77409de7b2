// The packages of a `go test`: what `go list` says of them.
//
// Pure functions: any thread. Source: `go help list`; builderTest of cmd/go/internal/test/test.go,
// Go 1.24 to 1.27.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

struct TestPackage {
  std::string import_path;
  std::string directory;
  std::string root;        // of its module, GOPATH or GOROOT; empty: go keeps no result
  bool is_broken = false;  // go says what is wrong with it
  bool has_tests = false;  // files with tests that this build chooses
  std::vector<std::string> test_files;  // that this build chooses
  std::vector<std::string> files;  // names of its sources, with those that this build leaves out
  // What go vets of it: the package with its own tests, and those in package p_test.
  bool is_vetted_inside = false;
  bool is_vetted_outside = false;
};

// What is asked of go behind "go": the packages themselves, not what they import. `build` are the
// flags of the build, `packages` as the user wrote them.
std::vector<std::string> list_words(const std::vector<std::string>& build,
                                    const std::vector<std::string>& packages);
// The answer to that, in its order. Code::corrupt for another text.
Result<std::vector<TestPackage>> parse_test_packages(std::string_view listed);

}  // namespace sluice::gotool
