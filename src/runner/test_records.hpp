// What became of each test of a package, from its events: outcome, time, and what those said that
// did not pass.
//
// Fed the events of a run of a package in their order, and of further attempts of its tests after
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

enum class TestOutcome {
  passed,
  failed,
  skipped,
  unfinished,  // the process ended before it
  waiting,     // the same, but it did not run then: it is parallel to others
};

struct TestRecord {
  std::string name;  // "TestA/b"
  TestOutcome outcome = TestOutcome::unfinished;
  double elapsed_s = 0;
  std::string report;                // go's own line about it: "--- FAIL: TestA (0.00s)\n"
  std::string said;                  // without framing; of tests that pass nothing is kept
  std::vector<std::string> earlier;  // what attempts before said that did not pass
  std::size_t attempt = 0;

  bool is_top() const { return name.find('/') == std::string::npos; }
  bool has_failed() const {
    return outcome == TestOutcome::failed || outcome == TestOutcome::unfinished;
  }
};

class TestRecords {
 public:
  void add(const gotool::TestEvent& event);
  // What comes from now on is of another attempt.
  void begin_attempt();

  // In the order in which they began; one that ran several times in an attempt (-count) is there
  // several times.
  const std::vector<TestRecord>& tests() const { return tests_; }
  const TestRecord* find(std::string_view name) const;  // the last of this name
  std::size_t top_count() const;                        // without subtests
  // Whether it came to its own end (of the last attempt): "FAIL" or "PASS".
  bool has_ended() const { return has_ended_; }
  // What belongs to no test: of the package, without go's last word.
  const std::string& said() const { return said_; }
  const std::string& coverage() const { return coverage_; }  // the line about it
  // What failed, as `go test` without -v shows it: each report, what its test said, its subtests;
  // attempt by attempt.
  std::string failures() const { return earlier_ + failures_of(true); }
  // The same of tests that did not pass in the end.
  std::string last_failures() const { return failures_of(false); }

 private:
  TestRecord& record_of(const std::string& name);
  void begin(const std::string& name);
  std::string failures_of(bool is_of_attempt) const;
  std::string failure_of(const TestRecord& record) const;
  std::size_t depth_of(std::string_view name) const;

  std::vector<TestRecord> tests_;
  std::map<std::string, std::size_t, std::less<>> places_;
  std::string said_;
  std::string coverage_;
  std::string earlier_;  // of attempts before
  std::size_t attempt_ = 0;
  bool has_ended_ = false;
};

}  // namespace sluice::runner
