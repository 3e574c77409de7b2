#include "journal/schema.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <vector>

namespace sluice::journal {
namespace {

// Step N brings version N to N + 1. Never changed once released: a later version adds a step.
// Times: microseconds since 1970 UTC; spans: microseconds; sizes: bytes.
constexpr std::array k_steps = {
    R"(
CREATE TABLE job (
  id INTEGER PRIMARY KEY,
  uid TEXT NOT NULL UNIQUE,
  ci TEXT NOT NULL, run TEXT NOT NULL, name TEXT NOT NULL, repository TEXT NOT NULL,
  commit_id TEXT NOT NULL, branch TEXT NOT NULL, pull_request TEXT NOT NULL,
  domain TEXT NOT NULL, host TEXT NOT NULL, checkout TEXT NOT NULL,
  first_us INTEGER NOT NULL, last_us INTEGER NOT NULL
);
CREATE INDEX job_last ON job (last_us);
CREATE TABLE command (
  id INTEGER PRIMARY KEY,
  uid TEXT NOT NULL UNIQUE,
  job INTEGER NOT NULL REFERENCES job (id),
  at_us INTEGER NOT NULL,
  duration_us INTEGER,              -- NULL: its end is not known
  words TEXT NOT NULL,              -- JSON, a list
  goflags TEXT NOT NULL,
  directory TEXT NOT NULL, go_version TEXT NOT NULL, sluice_version TEXT NOT NULL,
  exit_status INTEGER, signal INTEGER,
  counters TEXT NOT NULL            -- JSON
);
CREATE INDEX command_job ON command (job);
CREATE TABLE lookup (
  command INTEGER NOT NULL, seq INTEGER NOT NULL,
  action BLOB NOT NULL, answer INTEGER NOT NULL, size INTEGER NOT NULL, wait_us INTEGER NOT NULL,
  PRIMARY KEY (command, seq)
) WITHOUT ROWID;
CREATE TABLE result (
  command INTEGER NOT NULL, seq INTEGER NOT NULL,
  action BLOB NOT NULL, kind INTEGER NOT NULL, size INTEGER NOT NULL, at_us INTEGER NOT NULL,
  PRIMARY KEY (command, seq)
) WITHOUT ROWID;
CREATE TABLE inputs (
  id INTEGER PRIMARY KEY,
  package TEXT NOT NULL,            -- as go names it: "p [p.test]"
  build_id BLOB NOT NULL,           -- the first 15 bytes of the action
  salt TEXT NOT NULL,
  text BLOB NOT NULL, text_size INTEGER NOT NULL,  -- one zstd frame
  cost_us INTEGER NOT NULL,         -- of compiling it; 0: not known
  at_us INTEGER NOT NULL,
  source TEXT NOT NULL,             -- '' here, else the job that told the store
  UNIQUE (package, build_id)
);
CREATE INDEX inputs_build_id ON inputs (build_id);
CREATE TABLE compile (
  command INTEGER NOT NULL, inputs INTEGER NOT NULL,
  at_us INTEGER NOT NULL, cost_us INTEGER NOT NULL,
  PRIMARY KEY (command, inputs)
) WITHOUT ROWID;
CREATE INDEX compile_inputs ON compile (inputs);
CREATE TABLE link (
  command INTEGER NOT NULL, package TEXT NOT NULL, build_id BLOB NOT NULL,
  answer INTEGER NOT NULL, link_us INTEGER NOT NULL, modinfo TEXT NOT NULL,
  PRIMARY KEY (command, package, build_id)
) WITHOUT ROWID;
CREATE INDEX link_build_id ON link (build_id);
CREATE TABLE test (
  command INTEGER NOT NULL, package TEXT NOT NULL,
  answer INTEGER NOT NULL, cause INTEGER NOT NULL, test_us INTEGER NOT NULL,
  names TEXT NOT NULL,              -- JSON, a list
  ran INTEGER NOT NULL,
  PRIMARY KEY (command, package)
) WITHOUT ROWID;
CREATE TABLE transfer (
  command INTEGER NOT NULL, direction INTEGER NOT NULL,
  blobs INTEGER NOT NULL, bytes INTEGER NOT NULL, requests INTEGER NOT NULL,
  PRIMARY KEY (command, direction)
) WITHOUT ROWID;
CREATE TABLE fault (
  command INTEGER NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL,
  at_us INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (command, reason)
) WITHOUT ROWID;
CREATE TABLE c_compiler (
  command INTEGER NOT NULL, program TEXT NOT NULL, version TEXT NOT NULL,
  PRIMARY KEY (command, program)
) WITHOUT ROWID;
CREATE TABLE told (blob BLOB PRIMARY KEY, at_us INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE spool (name TEXT PRIMARY KEY) WITHOUT ROWID;  -- read, and perhaps not yet unlinked
)",
    R"(
ALTER TABLE command ADD COLUMN local_tier TEXT NOT NULL DEFAULT '';
CREATE TABLE indexed (
  command INTEGER NOT NULL, action BLOB NOT NULL, outcome INTEGER NOT NULL,
  scope INTEGER NOT NULL, kind INTEGER NOT NULL,
  PRIMARY KEY (command, action, outcome)
) WITHOUT ROWID;
CREATE TABLE collection (
  id INTEGER PRIMARY KEY,
  host TEXT NOT NULL, local_tier TEXT NOT NULL, at_us INTEGER NOT NULL,
  UNIQUE (host, local_tier, at_us)
);
CREATE TABLE removed (
  collection INTEGER NOT NULL, action BLOB NOT NULL, why INTEGER NOT NULL,
  PRIMARY KEY (collection, action)
) WITHOUT ROWID;
)",
    R"(
-- One row: tells this journal from all others. A copy of it is another one, and has another inode.
CREATE TABLE self (id TEXT NOT NULL, inode TEXT NOT NULL);
INSERT INTO self VALUES (lower(hex(randomblob(8))), '');
ALTER TABLE job ADD COLUMN journal TEXT NOT NULL DEFAULT '';         -- it was merged from; '': ours
ALTER TABLE collection ADD COLUMN journal TEXT NOT NULL DEFAULT '';  -- the same
DROP TABLE c_compiler;  -- nobody ever wrote it
)",
    R"(
CREATE TABLE test_given (
  command INTEGER NOT NULL, package TEXT NOT NULL,
  action BLOB NOT NULL,  -- as go asked
  found BLOB NOT NULL,   -- what the result was kept under
  PRIMARY KEY (command, action)
) WITHOUT ROWID;
)",
    R"(
CREATE TABLE test_run (
  command INTEGER NOT NULL, seq INTEGER NOT NULL,
  package TEXT NOT NULL, test TEXT NOT NULL,  -- '': all of the package
  words TEXT NOT NULL,                        -- what it was told
  outcome INTEGER NOT NULL,
  wall_us INTEGER NOT NULL, cpu_us INTEGER NOT NULL, wait_us INTEGER NOT NULL,
  memory INTEGER NOT NULL,                    -- bytes, at its peak
  PRIMARY KEY (command, seq)
) WITHOUT ROWID;
)",
    R"(
CREATE TABLE test_schedule (
  command INTEGER NOT NULL, seq INTEGER NOT NULL,
  what INTEGER NOT NULL, after_us INTEGER NOT NULL,  -- since the run began
  package TEXT NOT NULL,
  waited_us INTEGER NOT NULL, held_by TEXT NOT NULL,
  is_known INTEGER NOT NULL,                         -- else the three that follow are guesses
  expected_us INTEGER NOT NULL, expected_millicores INTEGER NOT NULL,
  expected_memory INTEGER NOT NULL,
  running INTEGER NOT NULL, millicores INTEGER NOT NULL, memory INTEGER NOT NULL,
  state TEXT NOT NULL,                               -- of the strategy
  PRIMARY KEY (command, seq)
) WITHOUT ROWID;
)",
};
static_assert(k_steps.size() == k_schema_version);

// Every object with the text that made it; nothing of a database of ours changes it.
Result<std::vector<std::string>> objects_of(Connection& connection) {
  TRY_ASSIGN(Statement all, connection.prepare("SELECT type, name, tbl_name, coalesce(sql, '') "
                                               "FROM sqlite_schema ORDER BY type, name LIMIT 100"));
  std::vector<std::string> list;
  TRY(all.each([&list](const Statement& row) {
    for (int column = 0; column < 4; ++column) list.push_back(row.text(column));
  }));
  return list;
}

}  // namespace

Result<bool> has_our_tables(Connection& connection) {
  TRY_ASSIGN(const std::int64_t version, connection.number("PRAGMA user_version"));
  if (version < 1 || version > k_schema_version) return false;
  TRY_ASSIGN(Connection ours, Connection::open(":memory:", true));
  TRY(migrate(ours, version));
  TRY_ASSIGN(const auto expected, objects_of(ours));
  TRY_ASSIGN(const auto found, objects_of(connection));
  return found == expected;
}

Result<void> check_version(Connection& connection) {
  TRY_ASSIGN(const std::int64_t version, connection.number("PRAGMA user_version"));
  if (version == k_schema_version) return {};
  if (version > k_schema_version) {
    return fail(Code::unsupported, fmt::format("journal: version {}, and this sluice knows {}",
                                               version, k_schema_version));
  }
  return fail(Code::not_found, fmt::format("journal: still of version {}", version));
}

Result<void> migrate(Connection& connection, std::int64_t target) {
  TRY_ASSIGN(const std::int64_t version, connection.number("PRAGMA user_version"));
  if (version >= target) return check_version(connection);
  if (version < 0) return fail(Code::unsupported, "journal: not sluice's");
  // Has no effect later, nor inside a transaction.
  if (version == 0) TRY(connection.execute("PRAGMA auto_vacuum = INCREMENTAL"));
  TRY_ASSIGN(auto transaction, Transaction::begin(connection));
  for (auto step = version; step < target; ++step) {
    TRY(connection.execute(k_steps.at(static_cast<std::size_t>(step))));
  }
  TRY(connection.execute(fmt::format("PRAGMA user_version = {}", target).c_str()));
  return transaction.commit();
}

}  // namespace sluice::journal
