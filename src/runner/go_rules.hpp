// Rules of `go test` that a run of tests follows: limits of time, names of what is vetted.
//
// Pure functions: any thread. Source: cmd/go/internal/test/test.go, Go 1.24 to 1.27.
#pragma once

#include "gotool/test_words.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::runner {

// What a test is allowed beyond its own limit (-timeout); 0: for ever.
struct Limits {
  std::chrono::nanoseconds quit_after{0};  // then it is asked for its goroutines
  std::chrono::nanoseconds wait_delay{0};  // for its end after that, and for its output
};
Limits limits_of(std::chrono::nanoseconds timeout);

// Of TOOLEXEC_IMPORTPATH for vet: "m/p [m/p.test]", "m/p_test [m/p.test]" or "m/p".
struct Vetted {
  std::string package;
  bool is_outside = false;  // the tests in package p_test
};
Vetted vetted_of(std::string_view id);

// What -vet says; empty: it is not given.
std::string vet_of(const gotool::TestWords& words);
// What a test is told that counts for what it takes: "-race=true -test.run=X".
std::string words_that_cost(const gotool::TestWords& words);
// Whether a test ends at its first failure; also where that is said behind -args.
bool stops_at_failure(const gotool::TestWords& words);
// What -p says; 0: it is not given.
std::size_t packages_at_once(const gotool::TestWords& words);

}  // namespace sluice::runner
