// Which tests of which packages a run is for, and of which class each is.
//
// Made once, from what go lists, the rules of the checkout and the sources of the tests; then a
// value that any thread may read. A package of several classes is run once, under the rules of all
// of them: what is left out of it is left out by go's own -skip.
#pragma once

#include "gotool/test_packages.hpp"
#include "gotool/test_sources.hpp"
#include "gotool/test_words.hpp"
#include "runner/package_words.hpp"
#include "runner/test_filter.hpp"
#include "runner/test_rules.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice::runner {

// What is chosen of what go lists. Nothing said: all of it.
struct Selection {
  std::vector<ClassNumber> classes;  // of these; none: of all
  TestFilter filter;

  bool chooses() const { return !classes.empty() || filter.chooses(); }
};

struct PackagePlan {
  std::vector<ClassNumber> classes;   // of the tests that are run; the last in order last
  std::vector<std::string> left_out;  // tests that are not run
  bool is_run = true;
  std::size_t tests = 0;  // that are run, as far as its sources say
};

class TestPlan {
 public:
  // The content of a file, empty where it cannot be read.
  using Read = std::function<std::string(const sys::Path&)>;

  // Everything is of the class of the rest, and is run.
  explicit TestPlan(const TestRules& rules) { usual_.classes = {rules.rest}; }
  // `below`: the directory of sluice.toml. Code::invalid where a source claims a class that the
  // rules do not have.
  static Result<TestPlan> make(const TestRules& rules, const sys::Path& below,
                               const Selection& selection,
                               const std::vector<gotool::TestPackage>& packages, const Read& read);

  const PackagePlan& of(const std::string& import_path) const;

 private:
  std::unordered_map<std::string, PackagePlan> packages_;
  PackagePlan usual_;
};

PackageWords words_of(const PackagePlan& plan, const TestRules& rules,
                      const gotool::TestWords& words);

// How often a test of a package that fails may be run again: as its classes say.
std::size_t retries_of(const PackagePlan& plan, const TestRules& rules);
// After which time a package is slow, and by which class; nothing: never.
std::optional<ClassNumber> slow_class_of(const PackagePlan& plan, const TestRules& rules);

// Whether an import path is what a pattern of go's says: "m/..." is m and all below it.
bool matches_package(std::string_view import_path, std::string_view pattern);

}  // namespace sluice::runner
