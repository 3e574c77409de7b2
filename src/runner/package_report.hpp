// What the tests of one package say, as `go test` would say it: in text or as its event stream.
//
// Gathers the output of the test binary, adds go's own lines at its end, and hands the whole on to
// `show`. Held back until release(): until then go may still find that the package is not to be
// tested. One thread. Source: runTestActor of cmd/go/internal/test/test.go, Go 1.24 to 1.27.
#pragma once

#include "gotool/test_events.hpp"
#include "runner/test_process.hpp"

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
  bool shows_at_once = false;              // as it comes, where it would wait for the end in text
  std::chrono::nanoseconds quit_after{0};  // limits that were given to the test, for messages
  std::chrono::nanoseconds wait_delay{0};
};

class PackageReport {
 public:
  using Show = std::function<void(std::string_view)>;

  PackageReport(std::string import_path, const ReportForm& form, Show show);
  PackageReport(const PackageReport&) = delete;
  PackageReport& operator=(const PackageReport&) = delete;

  void output(std::string_view piece);
  // Its end: exactly one of these. The first says whether the tests have passed.
  bool ended(const TestEnd& end);
  void not_started(std::string_view why);
  void known(std::string_view cached_output);

  void release();
  bool is_over() const { return is_over_; }
  // What go would keep of tests that have passed.
  const std::string& kept() const { return kept_; }

 private:
  void say(std::string_view text);
  void say_failed(const TestEnd& end, std::string_view error);
  void close(bool has_passed);
  void emit(std::string text);

  const std::string import_path_;
  const ReportForm form_;
  const Show show_;
  const std::chrono::steady_clock::time_point started_;
  std::optional<gotool::TestEvents> events_;  // of JSON
  std::string said_;                          // all of it
  std::string kept_;
  std::string held_;  // not shown yet
  bool is_released_ = false;
  bool is_over_ = false;
};

}  // namespace sluice::runner
