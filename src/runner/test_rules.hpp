// The classes of tests and the named resources of a checkout: tables [test.*] of its sluice.toml.
//
// Values; parse_test_rules() is pure: any thread. Every refusal is Code::invalid with one line that
// names the file, the line and the key. The format: docs/formats/sluice-toml.md; what it means:
// docs/guide/test-classes.md.
#pragma once

#include "base/result.hpp"
#include "codec/toml.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::runner {

using ClassNumber = std::size_t;  // its place in TestRules::classes

inline constexpr std::uint32_t k_places_max = 1000;  // of a class or a resource
inline constexpr std::string_view k_tests_table = "test.";

struct TestClass {
  std::string name;
  // Whose tests are of it: of these directories, import paths, names, or files with these tags.
  std::vector<std::string> paths;     // globs, below the directory of the file
  std::vector<std::string> packages;  // "example.com/m/..."
  std::vector<std::string> names;     // globs
  std::vector<std::string> tags;
  std::uint32_t parallelism = 0;            // packages at once; 0: no bound of its own
  std::chrono::milliseconds timeout{0};     // of a package; 0: go's
  std::chrono::milliseconds slow_after{0};  // 0: nothing is slow
  std::optional<std::size_t> retries;       // none: as the run says
  std::optional<bool> reuses_results;       // none: where nothing outside belongs to it
  std::vector<std::pair<std::size_t, std::uint32_t>> resources;  // which, how much
  std::optional<bool> splits;       // among machines; none: where there is no TestMain
  std::vector<ClassNumber> after;   // whose tests must have passed
  std::vector<std::string> set_up;  // shell commands
  std::vector<std::string> tear_down;
  std::vector<std::pair<std::string, std::string>> env;
  bool is_of_file = false;  // else it is there by itself

  // What is around them is not in go's key of a result.
  bool keeps_results() const {
    return reuses_results.value_or(set_up.empty() && resources.empty());
  }
};

struct TestRules {
  std::vector<TestClass> classes;                                // who claims a test first has it
  std::vector<std::pair<std::string, std::uint32_t>> resources;  // how much there is
  ClassNumber rest = 0;     // the class of whom nobody claims: unit
  bool is_of_file = false;  // the file has tables of tests

  std::optional<ClassNumber> find(std::string_view name) const;
};

// `entries` are those of the whole file, `source` names it. Classes that are there by themselves:
// integration and e2e, by tag, directory or name, and unit for the rest.
Result<TestRules> parse_test_rules(const std::vector<codec::TomlEntry>& entries,
                                   std::string_view source);

// Those of a checkout that says nothing.
TestRules usual_rules();

// Each class behind those that it comes after, else in the order of the rules.
std::vector<ClassNumber> in_order(const TestRules& rules);

}  // namespace sluice::runner
