// What the journal knows of the lookups of one job beyond their answers: the kind of result, the
// scope of the store's index that has it, the test that it belongs to, and why it was not there.
//
// Values that own what they hold; load() reads the Database, which belongs to one thread at a
// time. Errors are the database's own.
#pragma once

#include "base/result.hpp"
#include "insight/miss_history.hpp"
#include "journal/job_facts.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace sluice::insight {

inline constexpr std::string_view k_scope_not_known = "not-known";

// The name of a record's kind, and of a scope of the index, by their numbers.
std::string_view kind_name(std::uint8_t kind);
std::string_view scope_name(std::uint8_t scope);

bool is_hit(journal::Answer answer);

class LookupFacts {
 public:
  static Result<LookupFacts> load(journal::Database& database, const journal::JobRow& job);

  std::uint8_t kind_of(const journal::LookupRow& row) const;
  // Of a hit; k_scope_not_known: what this machine alone has, or nobody was asked.
  std::string_view scope_of(const journal::LookupRow& row) const;
  // The package whose test's result, or coverage profile, it is.
  std::optional<std::string> test_of(const journal::LookupRow& row) const;
  const MissHistory& history() const { return history_; }

 private:
  const journal::TestGiven* given_test(const journal::LookupRow& row) const;

  MissHistory history_;
  std::unordered_map<ActionId, std::uint8_t> kinds_;
  std::map<std::pair<std::int64_t, ActionId>, journal::TestGiven> tests_;
};

}  // namespace sluice::insight
