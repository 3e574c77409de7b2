#include "insight/lookup_facts.hpp"

#include <algorithm>
#include <array>

namespace sluice::insight {
namespace {

using journal::Answer;
using journal::Outcome;

constexpr std::uint8_t k_kind_other = 0;
constexpr std::uint8_t k_kind_test_output = 5;
constexpr std::array<std::string_view, 12> k_kind_names = {
    "other",      "archive", "module-index", "package-index", "test-log",      "test-output",
    "executable", "link",    "inputs",       "module",        "snapshot-tree", "snapshot-bundle"};
constexpr std::array<std::string_view, 8> k_scope_names = {
    "commit",      "parent",         "pull-request", "branch",
    "base-branch", "default-branch", "tier-l1",      "tier-l2"};

}  // namespace

std::string_view kind_name(std::uint8_t kind) {
  return kind < k_kind_names.size() ? k_kind_names.at(kind) : k_kind_names.front();
}

std::string_view scope_name(std::uint8_t scope) {
  return scope < k_scope_names.size() ? k_scope_names.at(scope) : k_scope_not_known;
}

bool is_hit(Answer answer) {
  return answer == Answer::local || answer == Answer::remote || answer == Answer::reused;
}

Result<LookupFacts> LookupFacts::load(journal::Database& database, const journal::JobRow& job) {
  LookupFacts facts;
  TRY_ASSIGN(facts.kinds_, journal::kinds_in(database, job.id));
  TRY_ASSIGN(facts.history_, MissHistory::load(database, job));
  TRY_ASSIGN(auto tests, journal::tests_given_in(database, job.id));
  for (journal::TestGivenRow& row : tests) {
    facts.tests_[{row.command, row.given.action}] = std::move(row.given);
  }
  return facts;
}

const journal::TestGiven* LookupFacts::given_test(const journal::LookupRow& row) const {
  const auto at = tests_.find({row.command, row.action});
  return at == tests_.end() ? nullptr : &at->second;
}

std::uint8_t LookupFacts::kind_of(const journal::LookupRow& row) const {
  if (const auto at = kinds_.find(row.action); at != kinds_.end() && at->second != k_kind_other) {
    return at->second;
  }
  // Nobody stores these under go's key.
  if (row.answer == Answer::reused || row.answer == Answer::refused) return k_kind_test_output;
  std::uint8_t kind = k_kind_other;
  for (const auto& indexed : history_.indexed(row.action)) {
    if (indexed.one.outcome != Outcome::no_index) kind = std::max(kind, indexed.one.kind);
  }
  return kind;
}

std::string_view LookupFacts::scope_of(const journal::LookupRow& row) const {
  const journal::TestGiven* test = given_test(row);
  for (const auto& indexed : history_.indexed(test != nullptr ? test->found : row.action)) {
    if (indexed.command == row.command && indexed.one.outcome == Outcome::given) {
      return scope_name(indexed.one.scope);
    }
  }
  return k_scope_not_known;
}

std::optional<std::string> LookupFacts::test_of(const journal::LookupRow& row) const {
  const journal::TestGiven* test = given_test(row);
  if (test == nullptr) return std::nullopt;
  return test->package;
}

}  // namespace sluice::insight
