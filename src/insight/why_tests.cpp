#include "insight/why_tests.hpp"

#include "base/strings.hpp"
#include "gotool/go_version.hpp"
#include "insight/go_test_flags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace sluice::insight {
namespace {

using journal::Answer;
using journal::Ending;
using journal::TestCause;
using journal::TestRow;

constexpr std::string_view k_binary_suffix = ".test";
constexpr std::string_view k_consulted_changed =
    "what the test consults was changed less than 2 s before, or while it ran";

// "open testdata/a" of the session's report.
std::string input_text(std::string_view input) {
  constexpr std::string_view k_variable = "getenv ";
  if (input.starts_with(k_variable)) {
    return fmt::format("variable {}", printable(input.substr(k_variable.size())));
  }
  const auto blank = input.find(' ');
  return printable(blank == std::string_view::npos ? input : input.substr(blank + 1));
}

class TestExplainer {
 public:
  TestExplainer(journal::Database& database, Explanation& result, bool is_against)
      : database_(database), result_(result), is_against_(is_against) {
    for (const journal::CommandRow& command : result.commands) {
      const auto flags =
          test_flags(command.words, command.goflags, gotool::minor_of(command.go_version));
      if (!flags.is_test) continue;
      flags_ = flags;
      if (ending_ != Ending::bad && command.ending() != Ending::good) ending_ = command.ending();
    }
  }

  Result<void> run() {
    TRY_ASSIGN(const auto rows, journal::tests_in(database_, result_.job.id));
    std::map<std::string, TestRow> tests;
    // Of several commands of a job the last one counts that ran it, else the last.
    for (const TestRow& row : rows) {
      TestRow& kept = tests.try_emplace(row.package, row).first->second;
      if (row.ran || !kept.ran) kept = row;
    }
    for (const auto& [package, row] : tests) TRY(add(package, row));
    if (!flags_) return {};
    TRY_ASSIGN(const auto links, journal::links_in(database_, result_.job.id));
    for (const std::string& package : linked_tests(links)) {
      if (!tests.contains(package)) add_unkept(package);
    }
    std::ranges::sort(result_.tests, {}, &TestWhy::package);
    return {};
  }

 private:
  Result<void> add(const std::string& package, const TestRow& row) {
    TestWhy why;
    why.package = package;
    why.answer = row.answer;
    why.test_us = row.test_us;
    if (!why.is_hit()) {
      if (row.cause == TestCause::inputs || row.cause == TestCause::too_new)
        TRY(explain_inputs(why, row));
      else if (row.cause == TestCause::verify)
        explain_verify(why, row);
      else if (!explain_by_packages(why))
        TRY(explain_by_history(why, row));
    }
    result_.tests.push_back(std::move(why));
    return {};
  }

  // What the session compared with is the last run that left a result. Where a kept result answered
  // after that, the inputs had been others in between, and some of those named may be as they were.
  Result<void> explain_inputs(TestWhy& why, const TestRow& row) const {
    std::vector<std::string> texts;
    for (const std::string& name : row.names) {
      std::string text = input_text(name);
      if (std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
    }
    why.is_proven = true;
    if (row.cause == TestCause::too_new) {
      why.causes = {
          {"too-young",
           join(texts, ", ") + " changed less than 2 s before: go looks for no result then"}};
      return {};
    }
    TRY_ASSIGN(const auto last,
               journal::last_test_of(database_, why.package, result_.job.id, result_.job.first_us));
    why.is_proven = !(last && last->is_answered && texts.size() > 1);
    why.causes = {
        {"test-input",
         join(texts, ", ") + " changed" +
             (!why.is_proven || is_against_ ? " since the last run that left a result" : "")}};
    return {};
  }

  static void explain_verify(TestWhy& why, const TestRow& row) {
    why.is_proven = true;
    why.causes = {{"verify", row.ran ? "run again for --verify-tests"
                                     : "run again for --verify-tests, and left no result: it did "
                                       "not pass, or what it consults changed meanwhile"}};
  }

  // The binary is another one because something in it is.
  bool explain_by_packages(TestWhy& why) const {
    const std::string variant = " [" + why.package + ".test]";
    for (const std::string& name : {why.package + variant, why.package + "_test" + variant,
                                    why.package + ".test", why.package}) {
      const auto at = std::ranges::lower_bound(result_.packages, name, {}, &PackageWhy::package);
      if (at == result_.packages.end() || at->package != name || at->is_hit()) continue;
      if (at->causes.empty()) continue;
      why.causes = at->causes;
      why.through = at->through;
      why.also = at->also;
      why.also_more = at->also_more;
      why.is_proven = at->is_proven;
      return true;
    }
    return false;
  }

  Result<void> explain_by_history(TestWhy& why, const TestRow& row) {
    if (row.cause == TestCause::unknown) {
      why.causes = {{"test-unknown",
                     "something that the test consults is not what it was, and it "
                     "cannot be told what"}};
      return {};
    }
    TRY_ASSIGN(const auto last,
               journal::last_test_of(database_, why.package, result_.job.id, result_.job.first_us));
    if (!last) {
      why.is_proven = true;
      why.causes = {{"never-tested", "no earlier run of this test is known here"}};
      return {};
    }
    const auto before = test_flags(last->words, last->goflags, gotool::minor_of(last->go_version));
    if (flags_ && before.keyed != flags_->keyed) {
      why.is_proven = true;
      why.causes = {{"arguments", fmt::format("test flags: {} -> {}", flags_text(before.keyed),
                                              flags_text(flags_->keyed))}};
    } else if (!before.uncacheable.empty()) {
      why.is_proven = true;
      why.causes = {{"uncacheable-flag", fmt::format("the last run had {}, so go kept no result",
                                                     printable(before.uncacheable))}};
    } else if (!last->is_kept) {
      why.causes = {unkept_before(last->ending)};
    } else {
      why.causes = {{"no-log", "what the last run left is not there any more"}};
    }
    return {};
  }

  // A test that was linked, and of which go kept nothing.
  void add_unkept(std::string package) {
    TestWhy why;
    why.package = std::move(package);
    why.is_proven = true;
    if (!flags_->uncacheable.empty()) {
      why.causes = {{"uncacheable-flag", fmt::format("{}: go keeps and looks for no result",
                                                     printable(flags_->uncacheable))}};
    } else if (!flags_->names_packages) {
      why.causes = {{"not-package-list",
                     "go test without packages keeps no results; name them, as "
                     "in go test ./..."}};
    } else {
      // That it did not pass, or was too young, is no reason to have run.
      if (explain_by_packages(why)) {
        result_.tests.push_back(std::move(why));
        return;
      }
      why.is_proven = false;
      why.causes = {unkept(ending_)};
    }
    result_.tests.push_back(std::move(why));
  }

  static Cause unkept(Ending ending) {
    switch (ending) {
      case Ending::bad: return {"failed", "it did not pass: go keeps passing results only"};
      case Ending::good:
        return {"too-young", fmt::format("go kept no result: {}", k_consulted_changed)};
      case Ending::unknown: break;
    }
    return {"unkept",
            fmt::format("go kept no result: it did not pass, or {}", k_consulted_changed)};
  }

  static Cause unkept_before(Ending ending) {
    switch (ending) {
      case Ending::bad: return {"failed-before", "the last run left no result: it did not pass"};
      case Ending::good:
        return {"too-young-before",
                fmt::format("the last run passed and left no result: {}", k_consulted_changed)};
      case Ending::unknown: break;
    }
    return {"unkept-before", fmt::format("the last run left no result: it did not pass, or {}",
                                         k_consulted_changed)};
  }

  static std::string flags_text(const std::vector<std::string>& flags) {
    return flags.empty() ? "none" : printable(join(flags, " "));
  }

  journal::Database& database_;
  Explanation& result_;
  const bool is_against_;
  std::optional<TestFlags> flags_;  // of the job's last go test
  Ending ending_ = Ending::good;    // of the job's go tests
};

}  // namespace

std::set<std::string> linked_tests(const std::vector<journal::LinkRow>& links) {
  std::set<std::string> packages;
  for (const journal::LinkRow& link : links) {
    if (!link.package.ends_with(k_binary_suffix)) continue;
    packages.insert(link.package.substr(0, link.package.size() - k_binary_suffix.size()));
  }
  return packages;
}

Result<void> explain_tests(journal::Database& database, Explanation& result, bool is_against) {
  return TestExplainer(database, result, is_against).run();
}

}  // namespace sluice::insight
