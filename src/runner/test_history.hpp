// What tests took in runs before, as the planner is told it.
//
// A value made from rows of the journal; any thread. Of the last k_runs_looked_at runs of a package
// with the same words, else with any: CPU by time the third quartile, memory the 95th percentile,
// time the 80th. Where they come from: docs/decisions/adaptive-parallelism.md.
#pragma once

#include "base/deadline.hpp"
#include "journal/queries.hpp"
#include "runner/task.hpp"
#include "sys/file.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice::runner {

inline constexpr std::size_t k_runs_looked_at = 20;
inline constexpr std::size_t k_history_rows_max = 200'000;

// What four of five runs of a test took no longer than is what it is expected to take.
inline constexpr double k_duration_share = 0.80;

class TestHistory {
 public:
  TestHistory() = default;
  // `rows` newest first; `words` of the run that is about to begin.
  TestHistory(const std::vector<journal::TestRunRow>& rows, std::string_view words);
  // Empty where there is no journal (an empty path, too), or it cannot be read in time.
  static TestHistory of_journal(const sys::Path& journal, std::string_view words,
                                Deadline deadline);

  // Nothing for a package that never ran here.
  std::optional<Cost> cost_of(const std::string& package) const;

 private:
  std::unordered_map<std::string, Cost> costs_;
};

// The value below which this share of them lies, one of them; 0 of none.
double percentile(std::vector<double> values, double share);

}  // namespace sluice::runner
