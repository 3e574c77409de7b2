// The words of a `go test`: which packages, what the build is told and what each test binary is
// told.
//
// Pure functions: any thread. Source: testFlags of cmd/go/internal/test/testflag.go, Go 1.24 to
// 1.27.
#pragma once

#include "sys/file.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

inline constexpr std::chrono::nanoseconds k_test_timeout_default = std::chrono::minutes(10);

struct TestWords {
  // Why `go test` has to do this itself, as words for a person; empty: sluice can. The rest is of
  // no use then. What go would refuse belongs here, too: it says so better.
  std::string only_go;

  std::vector<std::string> packages;  // as written; none: the package of the directory
  std::vector<std::string> build;     // "-race", "-tags=x": for go list and go test -c
  // As go hands them on: "-test.timeout=10m0s", "-test.run=X", words behind -args. The flags that
  // go adds by itself for a single run (-test.testlogfile, ...) are not among them.
  std::vector<std::string> arguments;
  std::string change_directory;                               // of -C
  std::chrono::nanoseconds timeout = k_test_timeout_default;  // 0: none
  bool has_timeout = false;                                   // it was said
  bool is_json = false;
  bool is_verbose = false;  // the output of tests that pass is shown
  bool is_failfast = false;
  bool is_covered = false;    // coverage is counted
  std::string cover_profile;  // of -coverprofile, as written; go test has to be told it again
  bool keeps_results = true;  // by the arguments and because packages are named
};

// `words` are those behind "test"; `directory` is where go is started, for paths among them.
TestWords parse_test_words(const std::vector<std::string>& words, std::string_view goflags,
                           int go_minor, const sys::Path& directory);

// Has each test tell what it does, as -json has, whatever is said of -v.
void tell_each_test(TestWords& words);

}  // namespace sluice::gotool
