// One job beside others: those of its own scope before it, and the last ones in the journal.
//
// Values that own what they hold; the Database belongs to one thread at a time. Medians are of what
// is there, and how much that was is told with each. Errors are the database's own.
#pragma once

#include "base/result.hpp"
#include "journal/job_facts.hpp"
#include "journal/queries.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace sluice::insight {

inline constexpr std::size_t k_history_jobs = 10;

struct JobSummary {
  journal::JobRow job;
  std::uint64_t lookups = 0;
  std::uint64_t hits = 0;
  // Sum over its commands; nothing where one failed or has no end, which is no time to compare.
  std::optional<std::uint64_t> wall_us;

  std::optional<double> hit_rate() const;
};

// A median, and of how many.
struct Median {
  double value = 0;
  std::size_t sample = 0;
};

struct History {
  std::vector<JobSummary> jobs;  // newest first; those that looked nothing up are left out
  bool same_branch = true;       // false: of all branches of that job
  std::optional<Median> hit_rate;
  std::optional<Median> wall_us;
};

Result<JobSummary> summary_of(journal::Database& database, const journal::JobRow& job);
// The job's scope before it: same job and branch, else same job.
Result<History> history_of(journal::Database& database, const journal::JobRow& job,
                           std::size_t jobs_max = k_history_jobs);
// The last jobs of all, whatever they are.
Result<History> last_jobs(journal::Database& database, std::size_t jobs_max);

std::optional<Median> median_of(std::vector<double> values);

}  // namespace sluice::insight
