// The packages of a `go test`: what `go list` says of them, and the names of their test binaries.
//
// Pure functions: any thread. Source: `go help list`; testBinaryName of
// cmd/go/internal/test/test.go and DefaultExecName of internal/load/pkg.go, Go 1.24 to 1.27.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

struct TestPackage {
  std::string import_path;
  std::string directory;
  std::string root;        // of its module, GOPATH or GOROOT; empty: go keeps no result
  bool has_tests = false;  // files with tests that this build chooses
  std::string error;       // why go cannot load it; empty: it can
};

// What is asked of go behind "go": the packages themselves, not what they import. `build` are the
// flags of the build, `packages` as the user wrote them.
std::vector<std::string> list_words(const std::vector<std::string>& build,
                                    const std::vector<std::string>& packages);
// The answer to that, in its order. Code::corrupt for another text.
Result<std::vector<TestPackage>> parse_test_packages(std::string_view listed);

// "util.test" of "example.com/m/util/v2".
std::string test_binary_name(std::string_view import_path);
// The packages with tests as numbers, in as few groups as it takes until no group has two binaries
// of one name: go test -c -o DIR refuses those.
std::vector<std::vector<std::size_t>> groups_of_distinct_names(
    const std::vector<TestPackage>& packages);

}  // namespace sluice::gotool
