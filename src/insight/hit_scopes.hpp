// Where each hit of a job came from: the scope of the store's index that has the result.
//
// Values that own what they hold; hits_by_scope reads the Database, which belongs to one thread at
// a time. Errors are the database's own.
#pragma once

#include "base/digest.hpp"
#include "base/result.hpp"
#include "journal/database.hpp"
#include "journal/queries.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::insight {

struct ScopedHit {
  ActionId action;
  journal::Answer answer = journal::Answer::local;
  std::string kind;      // kind_name()
  std::string package;   // compiled, or whose test's result it is; empty: of no one package
  bool is_test = false;  // the test's result or coverage profile
};

struct ScopeHits {
  std::string scope;  // scope_name()
  std::vector<ScopedHit> hits;
};

struct JobScopes {
  journal::JobRow job;
  std::vector<journal::CommandRow> commands;
  std::vector<ScopeHits> scopes;  // best scope first, "not-known" last; hits by package
  std::uint64_t missed = 0;
};

// Each key of the job once, as it was answered first.
Result<JobScopes> hits_by_scope(journal::Database& database, const journal::JobRow& job);

}  // namespace sluice::insight
