#include "runner/run_report.hpp"

#include "runner/annotations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluice::runner {

void RunReport::add(JunitSuite suite) {
  if (settings_.junit.empty() && settings_.slowest == 0) return;
  std::string package = suite.package;
  suites_.insert_or_assign(std::move(package), std::move(suite));
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

Result<void> RunReport::write(double elapsed_s, std::string_view go_version) const {
  if (settings_.junit.empty()) return {};
  std::vector<JunitSuite> suites;
  suites.reserve(suites_.size());
  for (const auto& [package, suite] : suites_) suites.push_back(suite);
  return sys::write_named_file(settings_.junit,
                               bytes_of(junit_text(suites, elapsed_s, go_version)));
}

}  // namespace sluice::runner
