// Failures of tests as annotations of GitHub Actions: lines that its runner shows beside the code.
//
// Pure functions: any thread. Source: "Workflow commands for GitHub Actions", ::error.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::runner {

inline constexpr std::size_t k_annotations_max = 10;  // what GitHub shows of a step

// From what a package's tests that failed have said: for each "file_test.go:12: words" below a
// "--- FAIL: TestA" one line. `directory` of the package as GitHub names it, relative to the
// checkout, without a slash at its end; empty for the checkout itself.
std::vector<std::string> annotations_of(std::string_view package, std::string_view directory,
                                        std::string_view said);

}  // namespace sluice::runner
