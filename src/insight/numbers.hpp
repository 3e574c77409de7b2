// The numbers of one job, computed from the journal and from nothing else.
//
// Every number comes with its sample: what it was computed from and what had to be left out.
// Values that own what they hold; numbers_of reads the Database, which belongs to one thread at a
// time. Spans are microseconds, sizes bytes. Errors are the database's own.
#pragma once

#include "base/result.hpp"
#include "insight/miss_history.hpp"
#include "journal/job_facts.hpp"
#include "journal/queries.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::insight {

// Lookups, by how they were answered.
struct Tally {
  std::uint64_t local = 0;
  std::uint64_t remote = 0;
  std::uint64_t reused = 0;  // test results kept under the same contents
  std::uint64_t missed = 0;  // refused ones included
  std::uint64_t bytes = 0;   // of what was given
  std::uint64_t wait_us = 0;

  std::uint64_t hits() const { return local + remote + reused; }
  std::uint64_t lookups() const { return hits() + missed; }
  std::optional<double> hit_rate() const;  // of 1; nothing without lookups
  void add(const journal::LookupRow& row);
};

struct NamedTally {
  std::string name;
  Tally tally;
};

// Steps that need not be done because their results were given, and those that were done.
struct Steps {
  std::string_view name;            // "compile", "link", "test"
  std::uint64_t given = 0;          // packages or programs
  std::uint64_t given_counted = 0;  // of them with a recorded duration
  std::uint64_t saved_us = 0;       // sum of these durations
  std::uint64_t foreign_us = 0;     // of it by results that no command in this journal made
  std::uint64_t done = 0;
  std::uint64_t done_counted = 0;
  std::uint64_t spent_us = 0;
};

struct PackageTally {
  std::string package;
  std::uint64_t given = 0;
  std::uint64_t compiled = 0;
  std::uint64_t saved_us = 0;  // as far as it is known
  std::uint64_t spent_us = 0;
};

struct MissCause {
  std::string reason;  // one of k_reasons, or a kind of cause (why_numbers.hpp)
  std::string kind;
  std::uint64_t count = 0;
};
struct ReasonCount {
  std::string reason;
  std::uint64_t count = 0;
};

// Upper bounds of the buckets of waits, in microseconds; the last bucket has none.
inline constexpr std::array<std::uint64_t, 8> k_wait_bounds_us = {
    1'000, 5'000, 10'000, 50'000, 100'000, 500'000, 1'000'000, 5'000'000};

struct Numbers {
  journal::JobRow job;
  std::uint64_t commands = 0;
  std::uint64_t commands_open = 0;    // whose end the journal does not have
  std::uint64_t commands_failed = 0;  // that ended with another status than 0
  std::uint64_t wall_us = 0;          // sum over commands that ended
  std::uint64_t lookups_unseen = 0;   // counted by sessions, and not in the journal

  Tally all;
  std::vector<NamedTally> kinds;   // by name of the kind; without those that nobody asked for
  std::vector<NamedTally> scopes;  // hits only
  std::array<Steps, 3> steps{Steps{.name = "compile"}, Steps{.name = "link"},
                             Steps{.name = "test"}};
  std::vector<PackageTally> packages;  // what was compiled longest first, then what saved most
  std::vector<MissCause> causes;       // of misses, most frequent first; their sum is all.missed
  std::vector<journal::TransferTotal> transfers;
  std::array<std::uint64_t, k_wait_bounds_us.size() + 1> waits{};  // lookups that waited
  std::vector<journal::FaultRow> faults;
  std::vector<ReasonCount> test_inputs;  // what differed where a test ran again, by how often

  std::uint64_t saved_us() const;
  std::uint64_t waited() const;  // lookups that waited
  // Each of k_reasons, then others.
  std::vector<ReasonCount> reasons() const;
  // Whoever knows more of the misses that were never seen splits them; more than there are of
  // that kind are not taken.
  void split_new(std::string_view kind, std::span<const ReasonCount> into);
};

Result<Numbers> numbers_of(journal::Database& database, const journal::JobRow& job);

}  // namespace sluice::insight
