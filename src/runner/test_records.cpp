#include "runner/test_records.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::runner {
namespace {

constexpr auto k_updates = std::to_array<std::string_view>(
    {"=== RUN   ", "=== PAUSE ", "=== CONT  ", "=== NAME  ", "=== ATTR  ", "=== ARTIFACTS "});
constexpr auto k_reports =
    std::to_array<std::string_view>({"--- PASS: ", "--- FAIL: ", "--- SKIP: ", "--- BENCH: "});

bool begins_with_one_of(std::string_view text, const auto& words) {
  return std::ranges::any_of(words, [&](auto word) { return text.starts_with(word); });
}

bool is_last_word(std::string_view text) {
  return text == "PASS\n" || text == "FAIL\n" || text.starts_with("FAIL\t") ||
         text.starts_with("ok  \t");
}

// What is said at the end tells most.
void append_bounded(std::string& text, std::string_view more) {
  text += more;
  if (text.size() > 2 * k_record_bytes_max) text.erase(0, text.size() - k_record_bytes_max);
}

// Logs are indented as those of a test; with those of a subtest go goes further.
std::string indented_logs(std::string_view said, std::size_t depth) {
  constexpr std::string_view k_log_indent = "    ";
  std::string text;
  while (!said.empty()) {
    const std::string_view line = said.substr(0, said.find('\n') + 1);
    if (line.starts_with(k_log_indent)) text.append(k_log_indent.size() * depth, ' ');
    text += line.empty() ? said : line;
    said.remove_prefix(line.empty() ? said.size() : line.size());
  }
  return text;
}

}  // namespace

TestRecord& TestRecords::record_of(const std::string& name) {
  const auto [at, is_new] = places_.try_emplace(name, tests_.size());
  if (is_new) {
    tests_.emplace_back();
    tests_.back().name = name;
    tests_.back().attempt = attempt_;
  }
  return tests_[at->second];
}

const TestRecord* TestRecords::find(std::string_view name) const {
  const auto at = places_.find(name);
  return at == places_.end() ? nullptr : &tests_[at->second];
}

void TestRecords::add(const gotool::TestEvent& event) {
  const std::string_view text = event.output ? std::string_view(*event.output) : "";
  if (event.test.empty()) {
    if (event.action != "output") return;
    if (text == "PASS\n" || text == "FAIL\n") has_ended_ = true;
    if (text.starts_with("coverage: ")) {
      coverage_ = text;
    } else if (!is_last_word(text)) {
      append_bounded(said_, text);
    }
    return;
  }
  if (event.action == "run") return begin(event.test);
  TestRecord& record = record_of(event.test);
  if (event.action == "output") {
    if (begins_with_one_of(text, k_updates)) return;
    std::string_view inner = text;
    while (inner.starts_with(' ')) inner.remove_prefix(1);
    if (begins_with_one_of(inner, k_reports)) {
      record.report = inner;
    } else {
      append_bounded(record.said, text);
    }
    return;
  }
  if (event.action == "pause") record.outcome = TestOutcome::waiting;
  if (event.action == "cont") record.outcome = TestOutcome::unfinished;
  const bool has_passed = event.action == "pass";
  const bool is_skipped = event.action == "skip";
  if (!has_passed && !is_skipped && event.action != "fail") return;
  record.elapsed_s = event.elapsed_s.value_or(0);
  record.outcome = has_passed   ? TestOutcome::passed
                   : is_skipped ? TestOutcome::skipped
                                : TestOutcome::failed;
  if (has_passed) record.said = {};
}

void TestRecords::begin(const std::string& name) {
  TestRecord& record = record_of(name);
  const bool is_new = record.report.empty() && record.said.empty() && record.attempt == attempt_ &&
                      record.outcome == TestOutcome::unfinished;
  if (is_new) return;
  if (record.attempt == attempt_) {  // -count
    places_.erase(name);
    (void)record_of(name);
    return;
  }
  TestRecord again;
  again.name = name;
  again.attempt = attempt_;
  again.earlier = std::move(record.earlier);
  if (record.has_failed()) {
    const std::string text = failure_of(record);
    again.earlier.push_back(text.empty() ? "It did not end.\n" : text);
  }
  record = std::move(again);
}

void TestRecords::begin_attempt() {
  earlier_ += failures_of(true) + said_;
  said_.clear();
  ++attempt_;
  has_ended_ = false;
}

std::size_t TestRecords::depth_of(std::string_view name) const {
  std::size_t depth = 0;
  for (std::size_t at = name.find('/'); at != std::string_view::npos; at = name.find('/', at + 1)) {
    if (places_.contains(name.substr(0, at))) ++depth;
  }
  return depth;
}

// What did not end has no report, and what waited may have said something.
std::string TestRecords::failure_of(const TestRecord& record) const {
  constexpr std::size_t k_indent = 4;
  const std::size_t depth = depth_of(record.name);
  std::string text;
  if (record.outcome == TestOutcome::failed) {
    text.assign(k_indent * depth, ' ');
    text += record.report.empty() ? "--- FAIL: " + record.name + "\n" : record.report;
  }
  text += indented_logs(record.said, depth);
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  return text;
}

std::size_t TestRecords::top_count() const {
  return static_cast<std::size_t>(std::ranges::count_if(tests_, &TestRecord::is_top));
}

// Subtests follow the test that they are part of.
std::string TestRecords::failures_of(bool is_of_attempt) const {
  std::vector<std::string_view> order;
  std::map<std::string_view, std::string> texts;  // by top-level test
  for (const TestRecord& test : tests_) {
    const bool is_told = test.has_failed() || test.outcome == TestOutcome::waiting;
    if (!is_told || (is_of_attempt && test.attempt != attempt_)) continue;
    const std::string_view top = std::string_view(test.name).substr(0, test.name.find('/'));
    const auto [at, is_new] = texts.try_emplace(top);
    if (is_new) order.push_back(top);
    at->second += failure_of(test);
  }
  std::string text;
  for (const std::string_view top : order) text += texts.at(top);
  return text;
}

}  // namespace sluice::runner
