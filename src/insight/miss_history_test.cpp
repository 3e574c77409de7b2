#include "insight/miss_history.hpp"

#include "insight/testing.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

namespace sluice::insight {
namespace {

using journal::Answer;
using journal::Lookups;
using journal::Outcome;

// The one miss of a job that asked for "a" after what `before` wrote.
std::string reason_after(const std::function<void(Diary&)>& before,
                         std::vector<journal::Body> also = {}, const std::string& counters = "{}") {
  Diary diary;
  before(diary);
  Diary::Said said;
  said.job = "2";
  said.at_us = k_diary_us + 3600 * k_second_us;
  said.counters = counters;
  said.bodies = {Lookups{{missed("a")}}};
  said.bodies.insert(said.bodies.end(), also.begin(), also.end());
  diary.command("now", said);
  auto database = diary.open();
  const auto job = journal::find_job(database, "github/2");
  REQUIRE(job);
  const auto history = MissHistory::load(database, *job);
  REQUIRE(history);
  const auto lookups = journal::lookups_in(database, job->id);
  const auto kinds = journal::kinds_in(database, job->id);
  REQUIRE((lookups && kinds && lookups->size() == 1));
  const auto kind = kinds->find(lookups->front().action);
  return std::string(history->reason_of(lookups->front(), kind == kinds->end() ? 0 : kind->second));
}

void store_test(Diary& diary) {
  diary.command("before", {.bodies = {journal::Results{{{action_named("a"), 5, 5, k_diary_us}}}}});
}

void store_a(Diary& diary) {
  diary.command("before", {.bodies = {journal::Results{{{action_named("a"), 1, 5, k_diary_us}}}}});
}

}  // namespace

TEST_CASE("miss history: why a result was missing, as far as that is certain") {
  const auto removed = [](journal::Removal why, journal::Micros after_us) {
    return [why, after_us](Diary& diary) {
      store_a(diary);
      diary.removed(k_diary_us + after_us, {{action_named("a"), why}});
    };
  };
  CHECK(reason_after([](Diary&) {}) == k_reason_new);
  CHECK(reason_after(removed(journal::Removal::age, 60 * k_second_us)) == k_reason_ttl);
  CHECK(reason_after(removed(journal::Removal::size, 60 * k_second_us)) == k_reason_evict);
  // Stored a second time after it was removed: then somebody else did it.
  CHECK(reason_after(removed(journal::Removal::age, -60 * k_second_us)) == k_reason_manual);
  CHECK(reason_after(store_a) == k_reason_manual);
  CHECK(reason_after([](Diary& diary) {
          diary.command("before", {.at_us = k_diary_us - std::int64_t{6} * 24 * 3600 * k_second_us,
                                   .bodies = {Lookups{{hit("a", Answer::local)}}}});
        }) == k_reason_unknown);
  CHECK(reason_after([](Diary& diary) {
          diary.command("before",
                        {.bodies = {journal::Results{{{action_named("a"), 1, 5, k_diary_us}}},
                                    journal::Fault{"local-tier", "no space", 1}}});
        }) == k_reason_unknown);
  CHECK(reason_after(store_test) == k_reason_unknown);
  CHECK(reason_after(store_a, {journal::Fault{"local-tier", "cannot be read", 1}}) ==
        k_reason_unknown);
  // Another machine's is another cache.
  CHECK(reason_after([](Diary& diary) {
          diary.command("before",
                        {.bodies = {journal::Results{{{action_named("a"), 1, 5, k_diary_us}}}},
                         .host = "another"});
        }) == k_reason_new);
}

TEST_CASE("miss history: what was there, in a command that has some of it made again") {
  const std::string packages = R"({"verify":{"checked":1,"tests_checked":0}})";
  const std::string tests = R"({"verify":{"checked":0,"tests_checked":1}})";
  CHECK(reason_after(store_a, {}, packages) == k_reason_verify);
  CHECK(reason_after(store_a, {}, tests) == k_reason_manual);
  CHECK(reason_after(store_test, {}, tests) == k_reason_verify);
  CHECK(reason_after(store_test, {}, packages) == k_reason_unknown);
  CHECK(reason_after([](Diary&) {}, {}, tests) == k_reason_new);
  // gc said what it did.
  CHECK(reason_after(
            [](Diary& diary) {
              store_test(diary);
              diary.removed(k_diary_us + 60 * k_second_us,
                            {{action_named("a"), journal::Removal::age}});
            },
            {}, tests) == k_reason_ttl);
}

TEST_CASE("miss history: the store's part in a miss") {
  const auto with = [](Outcome outcome) {
    return reason_after(store_a, {journal::Indexed{{{action_named("a"), outcome, 0, 1}}}});
  };
  CHECK(with(Outcome::not_brought) == k_reason_remote);
  CHECK(with(Outcome::no_index) == k_reason_remote);
  CHECK(with(Outcome::corrupt) == k_reason_corrupt);
  CHECK(reason_after([](Diary&) {}, {journal::Fault{"agent", "gone", 1}}) == k_reason_unknown);
}

TEST_CASE("miss history: what the index knew, command by command") {
  Diary diary;
  diary.command("now",
                {.bodies = {Lookups{{missed("a")}},
                            journal::Indexed{{{action_named("a"), Outcome::corrupt, 3, 1}}}}});
  auto database = diary.open();
  const auto history = MissHistory::load(database, *journal::find_job(database, "github/1"));
  REQUIRE(history);
  CHECK(history->indexed(action_named("b")).empty());
  REQUIRE(history->indexed(action_named("a")).size() == 1);
  CHECK(history->indexed(action_named("a")).front().one.scope == 3);
}

}  // namespace sluice::insight
