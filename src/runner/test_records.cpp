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

// Whether `name` is a direct subtest of `parent`. A subtest's own name may have slashes in it; then
// it has no parent of its own among the records.
bool is_below(std::string_view name, std::string_view parent) {
  return name.size() > parent.size() && name.starts_with(parent) && name[parent.size()] == '/';
}

}  // namespace

TestRecord& TestRecords::record_of(const std::string& name) {
  const auto [at, is_new] = places_.try_emplace(name, tests_.size());
  if (is_new) {
    tests_.emplace_back();
    tests_.back().name = name;
  }
  return tests_[at->second];
}

void TestRecords::add(const gotool::TestEvent& event) {
  const std::string_view text = event.output ? std::string_view(*event.output) : "";
  if (event.test.empty()) {
    if (event.action == "output" && !is_last_word(text)) append_bounded(said_, text);
    return;
  }
  TestRecord& record = record_of(event.test);
  if (event.action == "output") {
    if (begins_with_one_of(text, k_updates)) return;
    std::string_view inner = text;
    while (inner.starts_with(' ')) inner.remove_prefix(1);
    if (begins_with_one_of(inner, k_reports)) {
      record.report = text;
    } else {
      append_bounded(record.said, text);
    }
    return;
  }
  if (event.action == "run") begin(record);
  const bool has_passed = event.action == "pass";
  const bool is_skipped = event.action == "skip";
  if (!has_passed && !is_skipped && event.action != "fail") return;
  record.has_ended = true;
  record.elapsed_s = event.elapsed_s.value_or(0);
  record.outcome = has_passed   ? TestOutcome::passed
                   : is_skipped ? TestOutcome::skipped
                                : TestOutcome::failed;
  if (has_passed) record.said = {};
}

// Where it has ended before this is another attempt.
void TestRecords::begin(TestRecord& record) {
  if (!record.has_ended) return;
  std::string text;
  add_failure(text, record);
  if (!text.empty()) record.earlier.push_back(std::move(text));
  record.report.clear();
  record.said.clear();
  record.outcome = TestOutcome::failed;
  record.has_ended = false;
}

void TestRecords::add_failure(std::string& text, const TestRecord& record) const {
  if (record.outcome != TestOutcome::failed) return;
  const auto is_within = [&record](const TestRecord& other) {
    return is_below(record.name, other.name);
  };
  // Not indented by the tests that are framed.
  text.append(4 * static_cast<std::size_t>(std::ranges::count_if(tests_, is_within)), ' ');
  text += record.report.empty() ? "--- FAIL: " + record.name + "\n"
                                : record.report.substr(record.report.find('-'));
  text += record.said;
  if (!text.ends_with('\n')) text += '\n';
}

std::size_t TestRecords::top_count() const {
  return static_cast<std::size_t>(std::ranges::count_if(tests_, &TestRecord::is_top));
}

std::string TestRecords::failures() const {
  std::string text;
  for (const TestRecord& top : tests_) {
    if (!top.is_top()) continue;
    const bool has_failed = top.outcome == TestOutcome::failed;
    if (!has_failed && top.earlier.empty()) continue;
    for (const std::string& earlier : top.earlier) text += earlier;
    add_failure(text, top);
    for (const TestRecord& other : tests_) {
      if (!is_below(other.name, top.name)) continue;
      for (const std::string& earlier : other.earlier) text += earlier;
      add_failure(text, other);
    }
  }
  return text;
}

}  // namespace sluice::runner
