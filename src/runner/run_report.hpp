// What a test run tells beside go's words: JUnit, the slowest tests, annotations.
//
// Told of each package at its end. One thread.
#pragma once

#include "base/result.hpp"
#include "runner/junit.hpp"
#include "runner/test_records.hpp"
#include "sys/file.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::runner {

inline constexpr std::size_t k_said_again_max = 10;

struct RunReportSettings {
  sys::Path junit;            // is written at the end; empty: it is not
  std::size_t slowest = 0;    // so many tests are named at the end
  sys::Path annotates_below;  // GitHub's checkout: failures are annotated; empty: they are not
};

class RunReport {
 public:
  explicit RunReport(RunReportSettings settings) : settings_(std::move(settings)) {}

  // One without tests, and why.
  void not_run(std::string package, std::string why);
  // In place of what was told of this package before.
  void add(JunitSuite suite);
  struct Ended {
    std::string_view package;
    std::string_view directory;
    const TestRecords& records;
    double elapsed_s = 0;
    bool has_passed = false;
    std::string_view error;  // why it failed, where no test of it says so
  };
  // Its tests, for JUnit and the slowest; annotations for stderr, as they are.
  std::vector<std::string> ended(const Ended& ended);
  // Lines for the end: of flaky tests, and commands that run what failed again, so many.
  void say_at_end(std::string line) { last_words_.push_back(std::move(line)); }
  void say_again(const std::string& command);
  const std::vector<std::string>& last_words() const { return last_words_; }
  // Lines for stderr, as they are. `text` of what failed, `directory` of the package.
  std::vector<std::string> annotations(std::string_view package, const sys::Path& directory,
                                       std::string_view text);
  // "1.23 s m/p TestA/b", the slowest first. A test that has subtests counts with them.
  std::vector<std::string> slowest() const;
  // Where nothing is run: files that were asked for say so. `profile` of coverage may be empty.
  Result<void> write_nothing(const sys::Path& profile, std::string_view go_version) const;
  Result<void> write(double elapsed_s, std::string_view go_version) const;

 private:
  bool is_kept() const { return !settings_.junit.empty() || settings_.slowest != 0; }

  const RunReportSettings settings_;
  std::map<std::string, JunitSuite, std::less<>> suites_;  // by package: one order
  std::size_t annotated_ = 0;
  std::vector<std::string> last_words_;
  std::size_t said_again_ = 0;
};

}  // namespace sluice::runner
