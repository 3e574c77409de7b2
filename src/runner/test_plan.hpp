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
#include "sys/file.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice::runner {

// One of several machines that share the tests.
struct ShardChoice {
  std::size_t number = 0;  // from 1; 0: the plan is only written
  std::size_t count = 1;
  sys::Path file;  // of the plan; empty: there is none

  bool only_plans() const { return number == 0; }
};

// What is chosen of what go lists. Nothing said: all of it.
struct Selection {
  std::vector<ClassNumber> classes;  // of these; none: of all
  TestFilter filter;
  bool only_failed = false;  // in the last run of their package here
  std::optional<ShardChoice> shard;

  bool chooses() const {
    return !classes.empty() || filter.chooses() || only_failed || shard.has_value();
  }
};

struct PackagePlan {
  std::vector<ClassNumber> classes;   // of the tests that are run; the last in order last
  std::vector<std::string> left_out;  // tests that are not run
  bool is_run = true;
  std::vector<std::string> tests;  // that are run, as far as its sources say
  bool has_main = false;           // a TestMain
};

using TestsByPackage = std::map<std::string, std::set<std::string>>;  // no test: all of them

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
  const std::unordered_map<std::string, PackagePlan>& packages() const { return packages_; }
  // Nothing else is run. The classes of a package stay as they are.
  void keep_only(const TestsByPackage& kept);

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

// Where a package has tests of two classes of which one comes after the other, that order cannot be
// kept: a line for people, or nothing.
std::string order_lost(const TestPlan& plan, const TestRules& rules);

// Whether several machines may each run some of its tests.
bool may_be_split(const PackagePlan& plan, const TestRules& rules);

// Whether an import path is what a pattern of go's says: "m/..." is m and all below it.
bool matches_package(std::string_view import_path, std::string_view pattern);

}  // namespace sluice::runner
