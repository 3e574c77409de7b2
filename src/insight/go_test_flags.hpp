// What the words of a `go test` mean for the results that go keeps.
//
// Pure functions on the words of a command, "go" first: any thread. Source:
// cmd/go/internal/test/test.go (tryCacheWithID) and testflag.go, Go 1.24 to 1.27.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::insight {

struct TestFlags {
  bool is_test = false;            // it is `go test`, and no -c
  bool names_packages = false;     // without, go is in local directory mode and keeps nothing
  std::string uncacheable;         // the flag that makes go keep nothing, as written; empty: none
  std::vector<std::string> keyed;  // those in the key of a result, as "-run=X", in order of name
};

// `goflags`: GOFLAGS; `go_minor`: 27 for Go 1.27, 0 for unknown.
TestFlags test_flags(const std::vector<std::string>& words, std::string_view goflags, int go_minor);

}  // namespace sluice::insight
