#include "runner/run_report.hpp"

#include "base/deadline.hpp"
#include "base/rfc3339.hpp"
#include "runner/annotations.hpp"
#include "runner/cover_profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluice::runner {

void RunReport::add(JunitSuite suite) {
  if (!is_kept()) return;
  std::string package = suite.package;
  suites_.insert_or_assign(std::move(package), std::move(suite));
}

void RunReport::say_again(const std::string& command) {
  if (said_again_++ < k_said_again_max) say_at_end("again: " + command);
}

void RunReport::not_run(std::string package, std::string why) {
  add({std::move(package), rfc3339_short(unix_now_ns()), 0, {}, std::move(why), ""});
}

std::vector<std::string> RunReport::ended(const Ended& ended) {
  const TestRecords& records = ended.records;
  if (is_kept()) {
    const bool is_told =
        ended.has_passed || std::ranges::any_of(records.tests(), &TestRecord::has_failed);
    auto tests = records.tests();
    for (TestRecord& test : tests) {  // at most so long
      if (test.outcome == TestOutcome::unfinished) test.elapsed_s = ended.elapsed_s;
    }
    add({std::string(ended.package), rfc3339_short(unix_now_ns()), ended.elapsed_s,
         std::move(tests), is_told ? "" : std::string(ended.error), records.said()});
  }
  if (ended.has_passed) return {};
  return annotations(ended.package, ended.directory, records.last_failures());
}

std::vector<std::string> RunReport::annotations(std::string_view package,
                                                const sys::Path& directory, std::string_view text) {
  if (settings_.annotates_below.empty() || annotated_ >= k_annotations_max) return {};
  const std::string below = directory.lexically_relative(settings_.annotates_below).string();
  if (below.empty() || below.starts_with("..")) return {};  // a file of another place
  auto lines = annotations_of(package, below == "." ? "" : below, text);
  lines.resize(std::min(lines.size(), k_annotations_max - annotated_));
  annotated_ += lines.size();
  return lines;
}

std::vector<std::string> RunReport::slowest() const {
  struct One {
    const JunitSuite* suite;
    const TestRecord* test;
  };
  std::vector<One> all;
  for (const auto& [package, suite] : suites_) {
    for (const TestRecord& test : suite.tests) {
      if (test.elapsed_s > 0) all.push_back({&suite, &test});
    }
  }
  const auto count = std::min(settings_.slowest, all.size());
  std::ranges::partial_sort(
      all, all.begin() + static_cast<std::ptrdiff_t>(count),
      [](const One& one, const One& other) { return one.test->elapsed_s > other.test->elapsed_s; });
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < count; ++at) {
    lines.push_back(fmt::format("{:.2f} s {} {}", all[at].test->elapsed_s, all[at].suite->package,
                                all[at].test->name));
  }
  return lines;
}

Result<void> RunReport::write_nothing(const sys::Path& profile, std::string_view go_version) const {
  TRY(write(0, go_version));
  if (profile.empty()) return {};
  return write_empty_profile(profile);
}

Result<void> RunReport::write(double elapsed_s, std::string_view go_version) const {
  if (settings_.junit.empty()) return {};
  std::vector<JunitSuite> suites;
  suites.reserve(suites_.size());
  for (const auto& [package, suite] : suites_) suites.push_back(suite);
  return sys::write_named_file(settings_.junit,
                               bytes_of(junit_text(suites, elapsed_s, go_version)));
}

}  // namespace sluice::runner
