#include "runner/test_plan.hpp"

#include "base/glob.hpp"
#include "base/strings.hpp"
#include "gotool/go_duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace sluice::runner {
namespace {

using Strings = std::vector<std::string>;

struct Claim {
  std::string_view import_path;
  std::string directory;  // below that of the file; empty: elsewhere
  const Strings& tags;
  std::string_view test;
};

bool is_claimed(const TestClass& by, const Claim& claim) {
  const auto is_of_path = [&](const std::string& glob) {
    const std::string_view plain = glob.starts_with("./") ? std::string_view(glob).substr(2) : glob;
    return matches_glob(claim.directory, plain);
  };
  const auto is_of_package = [&](const std::string& pattern) {
    return matches_package(claim.import_path, pattern);
  };
  const auto is_of_name = [&](const std::string& glob) { return matches_glob(claim.test, glob); };
  const auto is_of_tag = [&](const std::string& tag) {
    return std::ranges::find(claim.tags, tag) != claim.tags.end();
  };
  return std::ranges::any_of(by.paths, is_of_path) ||
         std::ranges::any_of(by.packages, is_of_package) ||
         std::ranges::any_of(by.names, is_of_name) || std::ranges::any_of(by.tags, is_of_tag);
}

// "internal/db" of a package; "." is the directory itself.
std::string directory_below(const sys::Path& below, const std::string& directory) {
  const std::string found = sys::Path(directory).lexically_relative(below).string();
  return found.starts_with("..") ? "" : found;
}

class Classifier {
 public:
  Classifier(const TestRules& rules, const sys::Path& below, const Selection& selection)
      : rules_(rules), below_(below), selection_(selection), order_(in_order(rules)) {}

  Result<PackagePlan> plan(const gotool::TestPackage& package, const TestPlan::Read& read) const {
    PackagePlan plan;
    std::set<ClassNumber> classes;
    std::set<ClassNumber> of_empty;  // files that are chosen, and in which no test is seen
    for (const std::string& file : package.test_files) {
      const sys::Path path = sys::Path(package.directory) / file;
      gotool::TestSource source = gotool::read_test_source(read(path));
      plan.has_main = plan.has_main || source.has_main;
      const bool is_empty = source.functions.empty();
      if (is_empty) source.functions.emplace_back();
      for (const auto& function : source.functions) {
        TRY_ASSIGN(const ClassNumber number, class_of(package, path, source, function));
        const TestFacts facts{package.import_path, function.name, rules_.classes[number].name,
                              source.tags};
        const bool is_wanted = is_chosen(number, facts);
        if (is_wanted) (is_empty ? of_empty : classes).insert(number);
        if (!is_empty) (is_wanted ? plan.tests : plan.left_out).push_back(function.name);
      }
    }
    // Where no test is seen at all go may say why, or there is only a TestMain. Of what has no
    // tests there is nothing to choose; of all packages go speaks of these, too.
    const bool is_bare = plan.tests.empty() && plan.left_out.empty();
    plan.is_run = package.is_broken || !plan.tests.empty() ||
                  (is_bare && (!of_empty.empty() || !selection_.chooses()));
    if (is_bare) classes = std::move(of_empty);
    if (classes.empty()) classes.insert(claimed(package, {}, ""));
    for (const ClassNumber number : order_) {
      if (classes.contains(number)) plan.classes.push_back(number);
    }
    return plan;
  }

 private:
  Result<ClassNumber> class_of(const gotool::TestPackage& package, const sys::Path& path,
                               const gotool::TestSource& source,
                               const gotool::TestFunction& function) const {
    const std::string& wanted =
        function.wanted_class.empty() ? source.wanted_class : function.wanted_class;
    if (wanted.empty()) return claimed(package, source, function.name);
    if (const auto number = rules_.find(wanted)) return *number;
    return fail(Code::invalid,
                fmt::format("{}: //sluice:class {}: there is no such class",
                            path.lexically_relative(below_).string(), printable(wanted, 80)));
  }

  bool is_chosen(ClassNumber number, const TestFacts& facts) const {
    const auto& chosen = selection_.classes;
    const bool is_of_class = chosen.empty() || std::ranges::find(chosen, number) != chosen.end();
    return is_of_class && selection_.filter.matches(facts);
  }

  ClassNumber claimed(const gotool::TestPackage& package, const gotool::TestSource& source,
                      std::string_view test) const {
    const Claim claim{package.import_path, directory_below(below_, package.directory), source.tags,
                      test};
    for (ClassNumber number = 0; number < rules_.classes.size(); ++number) {
      if (is_claimed(rules_.classes[number], claim)) return number;
    }
    return rules_.rest;
  }

  const TestRules& rules_;
  const sys::Path& below_;
  const Selection& selection_;
  const std::vector<ClassNumber> order_;
};

// go has it with what is skipped already: an alternative more for each test.
void skip(Strings& arguments, const Strings& tests) {
  constexpr std::string_view k_skip = "-test.skip=";
  if (tests.empty()) return;
  const std::string pattern = "^(" + join(tests, "|") + ")$";
  const auto others = std::ranges::find_if_not(
      arguments, [](const std::string& word) { return word.starts_with("-test."); });
  const auto last = std::find_if(std::make_reverse_iterator(others), arguments.rend(),
                                 [&](const std::string& word) { return word.starts_with(k_skip); });
  if (last == arguments.rend()) {
    arguments.insert(others, std::string(k_skip) + pattern);
  } else if (last->size() == k_skip.size()) {
    *last += pattern;
  } else {
    *last += "|" + pattern;
  }
}

}  // namespace

bool matches_package(std::string_view import_path, std::string_view pattern) {
  constexpr std::string_view k_any = "...";
  const std::size_t at = pattern.find(k_any);
  if (at == std::string_view::npos) return import_path == pattern;
  const std::string_view head = pattern.substr(0, at);
  const std::string_view rest = pattern.substr(at + k_any.size());
  if (rest.empty() && head.ends_with('/') && import_path == head.substr(0, head.size() - 1)) {
    return true;
  }
  if (!import_path.starts_with(head)) return false;
  for (std::size_t from = head.size(); from <= import_path.size(); ++from) {
    if (matches_package(import_path.substr(from), rest)) return true;
  }
  return false;
}

Result<TestPlan> TestPlan::make(const TestRules& rules, const sys::Path& below,
                                const Selection& selection,
                                const std::vector<gotool::TestPackage>& packages,
                                const Read& read) {
  TestPlan made(rules);
  const Classifier classifier(rules, below, selection);
  for (const gotool::TestPackage& package : packages) {
    TRY_ASSIGN(PackagePlan plan, classifier.plan(package, read));
    made.packages_.insert_or_assign(package.import_path, std::move(plan));
  }
  return made;
}

const PackagePlan& TestPlan::of(const std::string& import_path) const {
  const auto at = packages_.find(import_path);
  return at == packages_.end() ? usual_ : at->second;
}

void TestPlan::keep_only(const TestsByPackage& kept) {
  for (auto& [path, plan] : packages_) {
    const auto at = kept.find(path);
    if (at == kept.end()) {
      plan.is_run = false;
      continue;
    }
    if (at->second.empty()) continue;
    std::vector<std::string> left;
    for (std::string& test : plan.tests) {
      (at->second.contains(test) ? left : plan.left_out).push_back(std::move(test));
    }
    plan.tests = std::move(left);
    plan.is_run = plan.is_run && !plan.tests.empty();
  }
}

PackageWords words_of(const PackagePlan& plan, const TestRules& rules,
                      const gotool::TestWords& words) {
  constexpr std::string_view k_timeout = "-test.timeout=";
  PackageWords told{words.arguments, {}, words.timeout, words.keeps_results};
  std::chrono::nanoseconds longest{0};
  for (const ClassNumber number : plan.classes) {
    const TestClass& one = rules.classes[number];
    told.env.insert(told.env.end(), one.env.begin(), one.env.end());
    told.keeps_results = told.keeps_results && one.keeps_results();
    longest = std::max<std::chrono::nanoseconds>(longest, one.timeout);
  }
  if (!words.has_timeout && longest.count() != 0) {
    told.timeout = longest;
    for (std::string& argument : told.arguments) {
      if (argument.starts_with(k_timeout)) {
        argument = std::string(k_timeout) + gotool::go_duration(longest);
        break;
      }
    }
  }
  skip(told.arguments, plan.left_out);
  return told;
}

std::size_t retries_of(const PackagePlan& plan, const TestRules& rules) {
  std::size_t most = 0;
  for (const ClassNumber number : plan.classes) {
    most = std::max(most, rules.classes[number].retries.value_or(0));
  }
  return most;
}

bool may_be_split(const PackagePlan& plan, const TestRules& rules) {
  bool is_told = false;
  for (const ClassNumber number : plan.classes) {
    const auto& splits = rules.classes[number].splits;
    if (splits && !*splits) return false;
    is_told = is_told || splits.has_value();
  }
  return is_told || !plan.has_main;
}

// Of several the one that waits longest.
std::optional<ClassNumber> slow_class_of(const PackagePlan& plan, const TestRules& rules) {
  std::optional<ClassNumber> found;
  for (const ClassNumber number : plan.classes) {
    const auto after = rules.classes[number].slow_after;
    if (after.count() == 0) continue;
    if (!found || after > rules.classes[*found].slow_after) found = number;
  }
  return found;
}

std::string order_lost(const TestPlan& plan, const TestRules& rules) {
  std::set<std::string> packages;  // in one order
  for (const auto& [path, one] : plan.packages()) {
    const auto is_of = [&classes = one.classes](ClassNumber number) {
      return std::ranges::find(classes, number) != classes.end();
    };
    const bool is_lost = one.is_run && std::ranges::any_of(one.classes, [&](ClassNumber number) {
                           return std::ranges::any_of(rules.classes[number].after, is_of);
                         });
    if (is_lost) packages.insert(path);
  }
  if (packages.empty()) return "";
  return fmt::format(
      "{} with tests of classes that come after one another, such as {}: those run together; "
      "--class runs them apart",
      packages.size() == 1 ? "1 package" : fmt::format("{} packages", packages.size()),
      *packages.begin());
}

}  // namespace sluice::runner
