// What the tests of one package say, as `go test` would say it: in text or as its event stream.
//
// Gathers the output of the test binary, adds go's own lines at its end, and hands the whole on to
// `show`. Held back until release(): until then go may still find that the package is not to be
// tested. One thread. Source: runTestActor of cmd/go/internal/test/test.go, Go 1.24 to 1.27.
#pragma once

#include "gotool/test_events.hpp"
#include "gotool/test_words.hpp"
#include "runner/test_process.hpp"
#include "runner/test_records.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::runner {

struct ReportForm {
  int go_minor = 0;
  bool is_json = false;
  bool is_verbose = false;                 // the output of tests that pass is shown
  bool is_covered = false;                 // coverage is counted
  bool is_framed = false;                  // the tests were told -test.v=test2json
  bool is_read = false;                    // that is for us: text is made without its marks
  bool shows_at_once = false;              // as it comes, where it would wait for the end in text
  std::chrono::nanoseconds quit_after{0};  // limits that were given to the test, for messages
  std::chrono::nanoseconds wait_delay{0};
};

// Without limits of time.
ReportForm form_of(const gotool::TestWords& words, int go_minor, bool is_read);

class PackageReport {
 public:
  using Show = std::function<void(std::string_view)>;

  PackageReport(std::string import_path, const ReportForm& form, Show show);
  PackageReport(const PackageReport&) = delete;
  PackageReport& operator=(const PackageReport&) = delete;

  void output(std::string_view piece);
  // Something of it failed, and is run again: output() and an end follow.
  void attempt_failed(const TestEnd& end);
  // Its end: exactly one of these. The first says whether the tests have passed.
  bool ended(const TestEnd& end);
  // After attempts. `flaky`: what failed and passed in the end, by name.
  void decided(const TestEnd& first, bool has_passed, const std::vector<std::string>& flaky);
  void not_started(std::string_view why);
  void known(std::string_view cached_output);

  void release();
  bool is_over() const { return is_over_; }
  // What go would keep of tests that have passed.
  const std::string& kept() const { return kept_; }
  // What became of each test, from its end on: of framed tests all, else those that failed.
  const TestRecords& records() const { return records_; }
  const std::string& said() const { return said_; }
  // What the last attempt said.
  std::string_view said_last() const { return std::string_view(said_).substr(attempt_at_); }

 private:
  // Text without -v is put together at the end, from records.
  bool is_brief() const { return form_.is_read && !form_.is_json && !form_.is_verbose; }
  void take(const gotool::TestEvent& event);
  void say(std::string_view text);
  void say_failed(const TestEnd& end, std::string_view error);
  std::string why_failed(const TestEnd& end, std::string_view error) const;
  void close(bool has_passed, double elapsed_s);
  void emit(std::string text);
  double took_s() const;

  const std::string import_path_;
  const ReportForm form_;
  const Show show_;
  const std::chrono::steady_clock::time_point started_;
  std::optional<gotool::TestEvents> events_;  // where tests are framed or JSON is wanted
  TestRecords records_;
  std::string why_;        // where the tests say nothing
  std::string last_word_;  // go's, where the text is brief
  std::string said_;       // all of it
  std::string kept_;
  std::string told_;            // with -v, where that is not shown as it comes
  std::size_t first_end_ = 0;   // in said_, of the first attempt; 0: there is one
  std::size_t attempt_at_ = 0;  // in said_, where the last begins
  std::string held_;            // not shown yet
  bool is_released_ = false;
  bool has_failed_attempts_ = false;
  bool is_over_ = false;
};

}  // namespace sluice::runner
