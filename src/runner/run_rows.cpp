#include "runner/run_rows.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace sluice::runner {
namespace {

std::uint64_t micros(double seconds) {
  constexpr double k_us_per_s = 1e6;
  return static_cast<std::uint64_t>(seconds * k_us_per_s);
}

}  // namespace

journal::TestRan package_row(std::string package, std::string words, const TestEnd& end,
                             double waited_s, journal::RunEnd how) {
  journal::TestRan ran;
  ran.package = std::move(package);
  ran.words = std::move(words);
  ran.end = how;
  ran.wall_us = micros(end.elapsed_s);
  ran.cpu_us = static_cast<std::uint64_t>(end.spent.cpu.count());
  ran.wait_us = micros(waited_s);
  ran.memory = end.spent.memory_peak;
  return ran;
}

std::string words_for_rows(const std::string& words, const PackagePlan& plan) {
  if (plan.left_out.empty()) return words;
  return fmt::format("{}{}-test.skip=^({})$", words, words.empty() ? "" : " ",
                     join(plan.left_out, "|"));
}

journal::TestRan unrun_row(std::string package, std::string words, bool has_passed) {
  journal::TestRan ran;
  ran.package = std::move(package);
  ran.words = std::move(words);
  ran.end = has_passed ? journal::RunEnd::passed : journal::RunEnd::failed;
  return ran;
}

std::vector<journal::TestRan> test_rows(const std::string& package, const std::string& words,
                                        const TestRecords& records) {
  std::vector<journal::TestRan> rows;
  for (const TestRecord& test : records.tests()) {
    const bool has_run = test.has_failed() || test.outcome == TestOutcome::passed;
    if (!test.is_top() || !has_run) continue;
    journal::TestRan ran;
    ran.package = package;
    ran.test = test.name;
    ran.words = words;
    ran.end = journal::RunEnd::failed;
    rows.insert(rows.end(), test.earlier.size(), ran);
    if (test.outcome == TestOutcome::passed) ran.end = journal::RunEnd::passed;
    ran.wall_us = micros(test.elapsed_s);
    rows.push_back(std::move(ran));
  }
  return rows;
}

}  // namespace sluice::runner
