// What a source of tests says without being compiled: its tests by name, the build tags it wants
// and the class it claims (//sluice:class NAME).
//
// Pure functions: any thread. Read line by line: what looks like a test within a raw string or a
// comment of several lines counts as one. Source: `go help testfunc`, `go help buildconstraint`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

struct TestFunction {
  std::string name;          // "TestA", "ExampleB", "FuzzC", "BenchmarkD"
  std::string wanted_class;  // by a comment right above it; empty: none
};

struct TestSource {
  std::vector<std::string> tags;  // of //go:build, but those that must not be there
  std::string wanted_class;       // by a comment above the package clause; empty: none
  std::vector<TestFunction> functions;
  bool has_main = false;  // TestMain, which stands around all of them
};

TestSource read_test_source(std::string_view text);

}  // namespace sluice::gotool
