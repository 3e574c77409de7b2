// What go says that it hashed in a traced command, next to what the journal has of a job.
//
// Everything is from go's own words: a key counts as proven when it recomputes, and differences are
// facts when both sides do. Values that own what they hold; the Database belongs to one thread at a
// time. Errors are the database's.
#pragma once

#include "base/result.hpp"
#include "insight/traced_actions.hpp"
#include "insight/why.hpp"
#include "journal/database.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::insight {

std::string_view name_of(TracedStep::What what);  // "build", "vet", "link"

struct TracedKey {
  TracedStep::What what = TracedStep::What::build;
  ActionId key;
  bool is_proven = false;
  // The job asked for this very key, or stored under it. Nothing: of a link that is not known.
  std::optional<bool> is_of_job;
};

struct TracedPackage {
  std::string package;  // as the journal names it, else as go prints it
  std::vector<TracedKey> keys;
  bool is_of_job = false;        // the job had the same inputs
  std::vector<Cause> since_job;  // else: what is not as the job had it; empty: not known
  bool is_since_job_proven = false;
  std::vector<Cause> causes;         // against what was there before the job
  std::vector<std::string> through;  // as in PackageWhy, where the causes are another package's
  bool is_proven = false;            // of the causes
  std::vector<Upstream> also;        // as in PackageWhy
  std::size_t also_more = 0;
  std::optional<Against> against;
  std::size_t proven() const;
};

struct TracedTestWhy {
  TracedTest test;
  bool is_of_job = false;  // the job asked for the result of the very same inputs, or stored it
};

struct TraceExplanation {
  std::vector<TracedPackage> packages;  // by name
  std::vector<TracedTestWhy> tests;     // by name
  std::vector<std::string> tests_without_log;
};

// `explanation` is of the job, with all of its packages.
Result<TraceExplanation> explain_trace(journal::Database& database, const Explanation& explanation,
                                       const std::optional<journal::JobRow>& against,
                                       const TracedActions& traced);

}  // namespace sluice::insight
