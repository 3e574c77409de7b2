// The tables of the journal's database, and how an older version becomes this one.
//
// For this room only. Description: docs/formats/journal.md; the columns are in schema.cpp. A later
// version than ours is Code::unsupported.
#pragma once

#include "base/result.hpp"
#include "journal/sqlite.hpp"

namespace sluice::journal {

inline constexpr std::int64_t k_schema_version = 6;

// Brings a database, which may be empty, to `target` in one transaction.
Result<void> migrate(Connection& connection, std::int64_t target = k_schema_version);
// Whether the tables of a database that came from elsewhere are to the letter those of the version
// that it names: no view, trigger, generated column or constraint of another's making.
Result<bool> has_our_tables(Connection& connection);
// Whether it can be read as it is.
Result<void> check_version(Connection& connection);

}  // namespace sluice::journal
