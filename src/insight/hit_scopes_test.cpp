#include "insight/hit_scopes.hpp"

#include "insight/diary_for_test.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

using journal::Answer;
using journal::IndexedOne;
using journal::Outcome;

constexpr std::uint8_t k_branch = 3;
constexpr std::uint8_t k_tier_l2 = 7;

}  // namespace

TEST_CASE("hit scopes: packages, tests and others under the scope that has them") {
  testing::Diary diary;
  const std::string text = testing::text_of("example.org/m/p", {"p.go=1"}, {});
  diary.run({.compiled = {{"example.org/m/p", text}}});
  const ActionId other = testing::action_of("other");
  const ActionId asked = testing::action_of("test, as go asks");
  const ActionId kept = testing::action_of("test, by content");
  const std::string id = diary.run(
      {.given = {text},
       .tested_given = {{"example.org/m/p", asked, kept}},
       .asked = {asked, other, testing::action_of("unknown"), other},
       .indexed = {{testing::action_of(text), Outcome::given, k_tier_l2, journal::k_kind_archive},
                   {kept, Outcome::given, k_branch, 5},
                   {other, Outcome::given, k_branch, 3}}});
  auto database = diary.open();
  const auto job = journal::find_job(database, id);
  REQUIRE(job);
  const auto found = hits_by_scope(database, *job);
  REQUIRE(found);
  CHECK(found->missed == 0);
  CHECK(found->commands.size() == 1);
  REQUIRE(found->scopes.size() == 3);
  const ScopeHits& branch = found->scopes[0];
  CHECK(branch.scope == "branch");
  REQUIRE(branch.hits.size() == 2);
  CHECK(branch.hits[0].package.empty());
  CHECK(branch.hits[0].kind == "package-index");
  CHECK(branch.hits[1].package == "example.org/m/p");
  CHECK(branch.hits[1].is_test);
  CHECK(found->scopes[1].scope == "tier-l2");
  REQUIRE(found->scopes[1].hits.size() == 1);
  CHECK(found->scopes[1].hits[0].package == "example.org/m/p");
  CHECK_FALSE(found->scopes[1].hits[0].is_test);
  CHECK(found->scopes[2].scope == "not-known");
  CHECK(found->scopes[2].hits.size() == 1);
}

}  // namespace sluice::insight
