#include "runner/retries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::runner {
bool ended_as_told(const TestEnd& end, const TestRecords& tests) {
  const auto has_no_end = [](const TestRecord& test) {
    return test.outcome == TestOutcome::unfinished || test.outcome == TestOutcome::waiting;
  };
  return end.status.code == 1 && end.status.signal == 0 && tests.has_ended() &&
         std::ranges::none_of(tests.tests(), has_no_end);
}

bool has_data_race(std::string_view said) {
  return said.find("WARNING: DATA RACE") != std::string_view::npos ||
         said.find("race detected during execution of test") != std::string_view::npos;
}

bool Retries::take(const FailedPackage& failed) {
  const auto has_failed = [](const TestRecord& test) {
    return test.is_top() && test.outcome == TestOutcome::failed;
  };
  const auto& tests = failed.tests->tests();
  const auto count = static_cast<std::size_t>(std::ranges::count_if(tests, has_failed));
  failed_ += std::max<std::size_t>(count, 1);
  // Nothing began: what is wrong is in an init or in TestMain.
  if (failed.more == 0 || tests.empty() || has_data_race(failed.said)) return false;
  Package package;
  package.verdict.number = failed.number;
  package.verdict.has_passed = true;
  package.more = failed.more;
  if (ended_as_told(failed.end, *failed.tests) && count > 0 && !failed.has_subtest_filter) {
    for (const TestRecord& test : tests) {
      const bool is_there = std::ranges::find(package.tests, test.name) != package.tests.end();
      if (has_failed(test) && !is_there) package.tests.push_back(test.name);
    }
  } else {
    package.tests.emplace_back();  // what came after a panic never ran
  }
  packages_.push_back(std::move(package));
  return true;
}

std::string Retries::why_none() const {
  if (failed_ > k_retried_failures_max) {
    return fmt::format("{} tests failed, and more than {} are not run again", failed_,
                       k_retried_failures_max);
  }
  const double share =
      static_cast<double>(failed_) / static_cast<double>(std::max<std::size_t>(ran_, 1));
  if (ran_ >= k_share_counts_from && share > k_retried_share_max) {
    return fmt::format("{} of {} tests failed, and more than {:.0f} % are not run again", failed_,
                       ran_, k_retried_share_max * 100);
  }
  return "";
}

Retries::Attempt Retries::next() const {
  const Package& package = packages_.front();
  return {package.verdict.number, package.tests.front(), package.at, package.more + 1};
}

std::optional<Retries::Verdict> Retries::ended(bool has_passed) {
  Package& package = packages_.front();
  if (!has_passed && package.at <= package.more) {
    ++package.at;
    return std::nullopt;
  }
  if (has_passed)
    package.verdict.flaky.push_back(package.tests.front());
  else
    package.verdict.has_passed = false;
  package.tests.pop_front();
  package.at = 2;
  return package.tests.empty() ? std::optional(pop()) : std::nullopt;
}

Retries::Verdict Retries::give_up() {
  packages_.front().verdict.has_passed = false;
  return pop();
}

Retries::Verdict Retries::pop() {
  Verdict verdict = std::move(packages_.front().verdict);
  packages_.pop_front();
  return verdict;
}

std::vector<std::string> flaky_of(const TestRecords& records, const Retries::Verdict& verdict) {
  std::vector<std::string> names;
  for (const std::string& test : verdict.flaky) {
    if (!test.empty()) names.push_back(test);
  }
  if (!names.empty() || verdict.flaky.empty()) return names;
  for (const TestRecord& test : records.tests()) {
    const bool is_flaky = test.outcome == TestOutcome::passed && !test.earlier.empty();
    if (is_flaky && test.is_top()) names.push_back(test.name);
  }
  return names.empty() ? verdict.flaky : names;
}

std::vector<std::string> attempt_arguments(const std::vector<std::string>& arguments,
                                           const std::string& test) {
  // Whose profile and log would take the place of the first attempt's.
  constexpr auto k_left_out = std::to_array<std::string_view>(
      {"-test.coverprofile=", "-test.testlogfile=", "-test.shuffle="});
  std::vector<std::string> kept;
  bool are_flags = true;
  for (const std::string& argument : arguments) {
    are_flags = are_flags && (kept.empty() || argument.starts_with("-test."));
    const bool is_left_out =
        std::ranges::any_of(k_left_out, [&](auto flag) { return argument.starts_with(flag); });
    const bool is_run = !test.empty() && argument.starts_with("-test.run=");
    if (!are_flags || (!is_left_out && !is_run)) kept.push_back(argument);
  }
  // A name has letters and digits only.
  if (!test.empty()) kept.insert(kept.begin() + 1, "-test.run=^" + test + "$");
  return kept;
}

}  // namespace sluice::runner
