// The flags that `go test` has: what each takes and what it means for the results that go keeps.
//
// Pure functions: any thread. Source: cmd/go/internal/test/testflag.go and test.go
// (tryCacheWithID), internal/work/build.go, Go 1.24 to 1.27.
#pragma once

#include <string_view>

namespace sluice::gotool {

enum class FlagValue {
  none,  // a switch: "-x" or "-x=true"
  text,
  number,
  duration,   // Go's: "1m30s"
  directory,  // absolute where it is handed on
  verbose,    // a switch that knows "test2json", too
  words,      // a switch that knows more words
  shuffle,    // "on", "off" or a seed
};

enum class FlagUse {
  build,    // of go and what it builds
  go,       // of go test itself: what it does with the tests
  keyed,    // handed to the test; in the key of a result
  unkept,   // handed to the test; no result is kept
  unkeyed,  // handed to the test; a result is kept, whatever it says
};

struct TestFlag {
  std::string_view name;
  FlagValue value = FlagValue::none;
  FlagUse use = FlagUse::build;
  int minor_min = 0;  // the release in which it came; 0: Go 1.24 has it

  bool is_switch() const {
    return value == FlagValue::none || value == FlagValue::verbose || value == FlagValue::words;
  }
  bool takes_word() const { return !is_switch(); }  // the next, where it has no "="
  bool is_for_test() const { return use != FlagUse::build && use != FlagUse::go; }
};

// By its name without dash, and without the "test." that those for tests may have. Null pointer for
// one that this release does not have; `go_minor` 0: any release.
const TestFlag* find_test_flag(std::string_view name, int go_minor = 0);

}  // namespace sluice::gotool
