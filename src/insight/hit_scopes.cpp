#include "insight/hit_scopes.hpp"

#include "insight/lookup_facts.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace sluice::insight {
namespace {

// By the action half of a build ID, for what was compiled.
Result<std::unordered_map<std::string, std::string>> packages_of(journal::Database& database,
                                                                 const journal::JobRow& job) {
  TRY_ASSIGN(auto hits, journal::package_hits_in(database, job.id));
  std::unordered_map<std::string, std::string> packages;
  for (journal::PackageHit& hit : hits) packages.emplace(hit.build_id, std::move(hit.package));
  return packages;
}

// As in the index, the best first.
std::uint8_t rank_of(std::string_view scope) {
  std::uint8_t rank = 0;
  while (scope_name(rank) != scope && scope_name(rank) != k_scope_not_known) ++rank;
  return rank;
}

}  // namespace

Result<JobScopes> hits_by_scope(journal::Database& database, const journal::JobRow& job) {
  TRY_ASSIGN(const auto facts, LookupFacts::load(database, job));
  TRY_ASSIGN(const auto rows, journal::lookups_in(database, job.id));
  TRY_ASSIGN(const auto packages, packages_of(database, job));
  TRY_ASSIGN(auto commands, journal::commands_of(database, job.id));
  JobScopes result{job, std::move(commands), {}, 0};
  std::map<std::uint8_t, ScopeHits> scopes;
  std::unordered_set<ActionId> seen;
  for (const journal::LookupRow& row : rows) {
    if (!is_hit(row.answer)) {
      ++result.missed;
      continue;
    }
    if (!seen.insert(row.action).second) continue;
    const std::string_view scope = facts.scope_of(row);
    ScopedHit hit{row.action, row.answer, std::string(kind_name(facts.kind_of(row))), {}, false};
    if (auto test = facts.test_of(row)) {
      hit.package = std::move(*test);
      hit.is_test = true;
    } else if (hit.kind == kind_name(journal::k_kind_archive)) {
      const auto at = packages.find(journal::build_id_of(row.action));
      if (at != packages.end()) hit.package = at->second;
    }
    ScopeHits& of_scope = scopes[rank_of(scope)];
    of_scope.scope = scope;
    of_scope.hits.push_back(std::move(hit));
  }
  for (auto& [rank, of_scope] : scopes) {
    std::ranges::stable_sort(of_scope.hits, {}, [](const ScopedHit& hit) {
      return std::tie(hit.package, hit.is_test, hit.kind);
    });
    result.scopes.push_back(std::move(of_scope));
  }
  return result;
}

}  // namespace sluice::insight
