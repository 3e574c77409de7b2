// What became of each test of a package, from its events: outcome, time, and what those said that
// did not pass.
//
// Fed the events of one run of a package in their order, and of further attempts of its tests after
// that. One thread.
#pragma once

#include "gotool/test_events.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::runner {

inline constexpr std::size_t k_record_bytes_max = 1U << 20U;  // of what one test says

enum class TestOutcome { passed, failed, skipped };

struct TestRecord {
  std::string name;  // "TestA/b"
  TestOutcome outcome = TestOutcome::failed;
  double elapsed_s = 0;
  std::string report;                // go's own line about it: "--- FAIL: TestA (0.00s)\n"
  std::string said;                  // without framing; of tests that pass nothing is kept
  std::vector<std::string> earlier;  // report and words of attempts before, which failed

  bool has_ended = false;

  bool is_top() const { return name.find('/') == std::string::npos; }
};

class TestRecords {
 public:
  void add(const gotool::TestEvent& event);

  // In the order in which they began.
  const std::vector<TestRecord>& tests() const { return tests_; }
  std::size_t top_count() const;  // without subtests
  // What belongs to no test: of the package, without go's last word.
  const std::string& said() const { return said_; }
  // What failed, as `go test` without -v shows it: each report, what its test said, its subtests.
  // Attempts that failed before one that passed are among it.
  std::string failures() const;

 private:
  TestRecord& record_of(const std::string& name);
  void begin(TestRecord& record);
  void add_failure(std::string& text, const TestRecord& record) const;

  std::vector<TestRecord> tests_;
  std::map<std::string, std::size_t, std::less<>> places_;
  std::string said_;
};

}  // namespace sluice::runner
