#include "insight/lookup_facts.hpp"

#include "insight/diary_for_test.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {

using journal::Answer;
using journal::Outcome;

TEST_CASE("lookup facts: a test's result is where the key is that it was kept under") {
  testing::Diary diary;
  const ActionId asked = testing::action_of("as go asks");
  const ActionId kept = testing::action_of("by content");
  const std::string id = diary.run({.tested_given = {{"p", asked, kept}},
                                    .asked = {asked},
                                    .indexed = {{kept, Outcome::given, 5, 5}}});
  auto database = diary.open();
  const auto job = journal::find_job(database, id);
  REQUIRE(job);
  const auto facts = LookupFacts::load(database, *job);
  REQUIRE(facts);
  const auto rows = journal::lookups_in(database, job->id);
  REQUIRE(rows);
  REQUIRE(rows->size() == 1);
  const journal::LookupRow& row = rows->front();
  CHECK(facts->scope_of(row) == "default-branch");
  CHECK(facts->test_of(row) == "p");
  journal::LookupRow other = row;
  ++other.command;  // another command of the job was not given it
  CHECK(facts->scope_of(other) == k_scope_not_known);
  CHECK_FALSE(facts->test_of(other));
  other.answer = Answer::refused;
  CHECK(kind_name(facts->kind_of(other)) == "test-output");
}

TEST_CASE("lookup facts: numbers that nobody knows have a name") {
  CHECK(kind_name(200) == "other");
  CHECK(scope_name(200) == k_scope_not_known);
  CHECK(is_hit(Answer::reused));
  CHECK_FALSE(is_hit(Answer::refused));
}

}  // namespace sluice::insight
