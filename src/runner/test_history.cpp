#include "runner/test_history.hpp"

#include "journal/database.hpp"
#include "sys/log.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::runner {
namespace {

constexpr double k_cores_share = 0.75;
constexpr double k_memory_share = 0.95;
constexpr double k_cores_min = 0.05;
constexpr double k_us_per_s = 1e6;

struct Runs {
  std::vector<const journal::TestRunRow*> same;  // words
  std::vector<const journal::TestRunRow*> other;

  void add(const journal::TestRunRow& row, std::string_view words) {
    auto& list = row.words == words ? same : other;
    if (list.size() < k_runs_looked_at) list.push_back(&row);
  }
};

Cost cost_in(const std::vector<const journal::TestRunRow*>& runs) {
  std::vector<double> cores;
  std::vector<double> memory;
  std::vector<double> durations;
  for (const journal::TestRunRow* run : runs) {
    const double wall_us = std::max(1.0, static_cast<double>(run->wall_us));
    cores.push_back(static_cast<double>(run->cpu_us) / wall_us);
    memory.push_back(static_cast<double>(run->memory));
    durations.push_back(wall_us / k_us_per_s);
  }
  return {std::max(k_cores_min, percentile(std::move(cores), k_cores_share)),
          static_cast<std::uint64_t>(percentile(std::move(memory), k_memory_share)),
          percentile(std::move(durations), k_duration_share)};
}

}  // namespace

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const double rank = std::ceil(share * static_cast<double>(values.size()));
  return values.at(static_cast<std::size_t>(std::max(1.0, rank)) - 1);
}

TestHistory TestHistory::of_journal(const sys::Path& journal, std::string_view words,
                                    Deadline deadline) {
  if (journal.empty()) return {};
  std::string note;
  auto database = journal::open_current(journal, deadline, note);
  if (!database) sys::log_debug("tests: {}", database.error().message);
  if (!database || !*database) return {};
  const auto rows = journal::test_runs(**database, k_history_rows_max);
  if (!rows) return {};
  sys::log_debug("tests: {} runs are remembered", rows->size());
  return {*rows, words};
}

TestHistory::TestHistory(const std::vector<journal::TestRunRow>& rows, std::string_view words) {
  std::unordered_map<std::string, Runs> runs;
  for (const journal::TestRunRow& row : rows) runs[row.package].add(row, words);
  for (const auto& [package, of_it] : runs) {
    costs_.emplace(package, cost_in(of_it.same.empty() ? of_it.other : of_it.same));
  }
}

std::optional<Cost> TestHistory::cost_of(const std::string& package) const {
  const auto at = costs_.find(package);
  return at == costs_.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace sluice::runner
