// Which tests that failed are run again, and what that says of their packages.
//
// Pure: told what failed and how attempts end, it answers what to run next. Attempts are for when
// all else has ended, one at a time: a test that fails for want of a processor shall not fail
// again for that. One thread. Where the rules come from: docs/decisions/retries.md.
#pragma once

#include "runner/task.hpp"
#include "runner/test_process.hpp"
#include "runner/test_records.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::runner {

inline constexpr std::size_t k_retries_max = 10;           // attempts beside the first
inline constexpr std::size_t k_retried_failures_max = 10;  // of a run; more is no flakiness
inline constexpr double k_retried_share_max = 0.2;         // of the tests, where there are some
inline constexpr std::size_t k_share_counts_from = 20;     // tests

// Who has one may have others, and they do not go away.
bool has_data_race(std::string_view said);

// The tests failed, and said so themselves: each came to an end. Else some may not have run.
bool ended_as_told(const TestEnd& end, const TestRecords& tests);

struct FailedPackage {
  TaskNumber number = 0;
  const TestRecords* tests = nullptr;
  TestEnd end;
  std::string_view said;            // all of it
  std::size_t more = 0;             // attempts that it may have
  bool has_subtest_filter = false;  // -run with a slash: a single test cannot be asked for
};

class Retries {
 public:
  void ran(std::size_t tests) { ran_ += tests; }
  // Whether it is to be run again. Then it is decided later.
  bool take(const FailedPackage& failed);

  struct Attempt {
    TaskNumber number = 0;
    std::string test;      // empty: the whole package
    std::size_t at = 2;    // the second attempt, ...
    std::size_t last = 2;  // of so many
  };
  bool is_waiting() const { return !packages_.empty(); }
  // Too many have failed: empty where they have not. Judged once, before the first attempt.
  std::string why_none() const;
  Attempt next() const;

  struct Verdict {
    TaskNumber number = 0;
    bool has_passed = false;
    std::vector<std::string> flaky;  // passed in the end: "TestA", or empty for the whole package
  };
  // How the attempt of next() ended; the verdict once all of the package is decided.
  std::optional<Verdict> ended(bool has_passed);
  // Decides the first that waits without another attempt.
  Verdict give_up();

 private:
  struct Package {
    std::deque<std::string> tests;  // still to be decided
    std::size_t at = 2;
    std::size_t more = 0;
    Verdict verdict;
  };
  Verdict pop();

  std::size_t ran_ = 0;
  std::size_t failed_ = 0;
  std::deque<Package> packages_;
};

// What failed and passed in the end, by name; an empty one where nothing has a name.
std::vector<std::string> flaky_of(const TestRecords& records, const Retries::Verdict& verdict);

// Those of a test binary, argv[0] included, for an attempt of one test; empty: of all of them.
std::vector<std::string> attempt_arguments(const std::vector<std::string>& arguments,
                                           const std::string& test);

}  // namespace sluice::runner
