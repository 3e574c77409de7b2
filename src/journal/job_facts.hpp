// What is counted of a job: its lookups one by one, what the journal can tell of each, what it
// transferred, and the jobs like it.
//
// Values that own what they hold; a Database belongs to one thread at a time. Times are
// microseconds since 1970 UTC, spans microseconds, sizes bytes. Errors are the database's own.
#pragma once

#include "base/digest.hpp"
#include "base/result.hpp"
#include "journal/database.hpp"
#include "journal/event.hpp"
#include "journal/queries.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace sluice::journal {

struct LookupRow {
  ActionId action;
  std::int64_t command = 0;
  Answer answer = Answer::missed;
  std::uint64_t size = 0;
  std::uint64_t wait_us = 0;
};

struct TestGivenRow {
  std::int64_t command = 0;
  TestGiven given;
};

struct IndexedRow {
  std::int64_t command = 0;
  IndexedOne one;
};

// What had happened to the result of a lookup that missed, on the same machine and in the same
// local tier, at whatever time.
struct Trace {
  enum class What { stored, given, removed_by_age, removed_by_size };
  ActionId action;
  What what = What::stored;
  Micros at_us = 0;
  std::string local_tier;
  bool in_doubt = false;  // that tier took not everything then
};

struct TransferTotal {
  Direction direction = Direction::down;
  std::uint64_t blobs = 0;
  std::uint64_t bytes = 0;
  std::uint64_t requests = 0;
};

// In the order in which they were answered, command by command.
Result<std::vector<LookupRow>> lookups_in(Database& database, std::int64_t job);
Result<std::vector<IndexedRow>> indexed_in(Database& database, std::int64_t job);
Result<std::vector<TestGivenRow>> tests_given_in(Database& database, std::int64_t job);
// What the job's commands stored.
Result<std::vector<ActionId>> stored_in(Database& database, std::int64_t job);
// Kinds (as in a record of the store) of what this job asked for, as far as results of these
// actions were stored by any command in the journal, or are known as compiled packages.
Result<std::unordered_map<ActionId, std::uint8_t>> kinds_in(Database& database, std::int64_t job);
Result<std::vector<Trace>> traces_of_missed(Database& database, const JobRow& job);
Result<std::vector<TransferTotal>> transfers_in(Database& database, std::int64_t job);

struct JobsLike {
  std::vector<JobRow> jobs;  // earlier ones, newest first
  bool same_branch = false;
};
// Jobs of the same name, repository and branch that ended before this one began; where there are
// none, of any branch. At a desk: the same words in the same checkout.
Result<JobsLike> jobs_like(Database& database, const JobRow& job, std::size_t limit);

}  // namespace sluice::journal
