// What the journal remembers of single tests: how long each took, and which failed last.
//
// A value; of_journal() blocks until the deadline. Tests are told of only by runs that read each
// test (-json, --junit, --retries); of others packages are. A run of some tests of a package says
// nothing of the others.
#pragma once

#include "base/deadline.hpp"
#include "journal/queries.hpp"
#include "sys/file.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sluice::runner {

inline constexpr std::size_t k_outcomes_max = 200'000;

class EarlierTests {
 public:
  EarlierTests() = default;
  // As journal::test_outcomes() gives them.
  explicit EarlierTests(const std::vector<journal::TestOutcomeRow>& rows);
  // Empty where there is no journal, or it cannot be read in time.
  static EarlierTests of_journal(const sys::Path& journal, Deadline deadline);

  // Of a test, or (without a name) of all of a package: what four of five runs took no longer than.
  std::optional<std::uint64_t> expected_us(const std::string& package,
                                           const std::string& test) const;
  // Whether anything is remembered of it.
  bool knows(const std::string& package) const { return known_.contains(package); }
  // Packages with tests that failed when they ran last, by name; without names where nobody was
  // told, or not all of them ran: what was not built, was interrupted, panicked.
  const std::map<std::string, std::set<std::string>>& failed() const { return failed_; }

 private:
  void find_failed(const std::vector<journal::TestOutcomeRow>& rows);

  std::map<std::pair<std::string, std::string>, std::uint64_t> expected_us_;
  std::map<std::string, std::set<std::string>> failed_;
  std::set<std::string> known_;
};

}  // namespace sluice::runner
