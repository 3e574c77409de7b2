// What became of the results that a job asked for and was not given, as far as that is certain.
//
// Values that own what they hold; load() reads the Database, which belongs to one thread at a
// time, and reads its big tables once. Errors are the database's own.
#pragma once

#include "base/result.hpp"
#include "journal/job_facts.hpp"
#include "journal/queries.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice::insight {

inline constexpr std::string_view k_reason_ttl = "ttl";      // removed by `sluice gc` for its age
inline constexpr std::string_view k_reason_evict = "evict";  // and for the tier's size
inline constexpr std::string_view k_reason_manual = "manual";
inline constexpr std::string_view k_reason_remote = "remote-error";
inline constexpr std::string_view k_reason_corrupt = "corrupt";
inline constexpr std::string_view k_reason_refused = "test-inputs";
inline constexpr std::string_view k_reason_new = "never-seen";
inline constexpr std::string_view k_reason_unknown = "unknown";
// It was there, and --verify or --verify-tests may have had it made again.
inline constexpr std::string_view k_reason_verify = "verify";
// Only where why_numbers.hpp knows it.
inline constexpr std::string_view k_reason_upstream = "upstream";
// These are always told, also when there are none.
inline constexpr std::array k_reasons = {
    k_reason_ttl,     k_reason_evict,   k_reason_manual, k_reason_remote,
    k_reason_corrupt, k_reason_refused, k_reason_new,    k_reason_unknown,
};

class MissHistory {
 public:
  static Result<MissHistory> load(journal::Database& database, const journal::JobRow& job);

  // One of k_reasons, of a lookup of this job that was not answered.
  std::string_view reason_of(const journal::LookupRow& row, std::uint8_t kind) const;
  // Whether the store had said in this job what it has, and this was not in it.
  bool is_absent_in_store(const journal::LookupRow& row) const;
  // What the agent's index knew of it; empty where nothing was asked or known.
  const std::vector<journal::IndexedRow>& indexed(const ActionId& action) const;

 private:
  struct Command {
    journal::Micros at_us = 0;
    std::string local_tier;
    bool verifies = false;        // hits were answered as misses, to compare
    bool verifies_tests = false;  // the same of test results
  };

  std::string_view history_of(const journal::LookupRow& row, std::uint8_t kind) const;

  std::map<std::int64_t, Command> commands_;
  std::uint64_t agent_faults_ = 0;
  std::uint64_t tier_faults_ = 0;
  std::unordered_map<ActionId, std::vector<journal::IndexedRow>> indexed_;
  std::unordered_map<ActionId, std::vector<journal::Trace>> traces_;
};

}  // namespace sluice::insight
