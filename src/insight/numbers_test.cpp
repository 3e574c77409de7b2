#include "insight/numbers.hpp"

#include "insight/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

using journal::Answer;
using journal::Lookups;
using journal::Outcome;

std::uint64_t count_of(const Numbers& numbers, std::string_view reason) {
  for (const ReasonCount& one : numbers.reasons()) {
    if (one.reason == reason) return one.count;
  }
  return 12345;
}

}  // namespace

TEST_CASE("numbers: lookups by kind, answer and scope, waits and bytes") {
  Diary diary;
  Diary::Said said;
  said.bodies = compiled("p", "p=1", said.at_us, 700);
  said.bodies.emplace_back(Lookups{{hit("p=1", Answer::local, 10),
                                    hit("q", Answer::remote, 20, 3000),
                                    hit("t", Answer::reused, 30),
                                    missed("m"),
                                    {action_named("r"), Answer::refused, 0, 0}}});
  said.bodies.emplace_back(journal::Indexed{{{action_named("q"), Outcome::given, 3, 3}}});
  said.bodies.emplace_back(journal::Transferred{journal::Direction::down, 1, 15, 4});
  diary.command("c1", said);
  auto database = diary.open();
  const Numbers numbers = numbers_of_job(database, "github/1");
  CHECK(numbers.all.lookups() == 5);
  CHECK(numbers.all.hits() == 3);
  CHECK(*numbers.all.hit_rate() == doctest::Approx(0.6));
  CHECK(numbers.all.bytes == 60);
  CHECK(numbers.waited() == 1);
  CHECK(numbers.waits[1] == 1);  // up to 5 ms
  REQUIRE(numbers.kinds.size() == 4);
  CHECK(numbers.kinds[0].name == "test-output");
  CHECK(numbers.kinds[0].tally.reused == 1);
  CHECK(numbers.kinds[0].tally.missed == 1);
  CHECK(numbers.kinds[1].name == "archive");
  CHECK(numbers.kinds[2].name == "other");
  CHECK(numbers.kinds[2].tally.lookups() == 1);
  CHECK(numbers.kinds[3].name == "package-index");
  REQUIRE(numbers.scopes.size() == 2);
  CHECK(numbers.scopes[0].name == "not-known");
  CHECK(numbers.scopes[0].tally.hits() == 2);
  CHECK(numbers.scopes[1].name == "branch");
  CHECK(numbers.transfers.front().requests == 4);
  CHECK(numbers.wall_us == 2 * k_second_us);
  CHECK(count_of(numbers, k_reason_refused) == 1);
  CHECK(count_of(numbers, k_reason_new) == 1);
}

TEST_CASE("numbers: time saved is what was recorded, and says of how many") {
  Diary diary;
  Diary::Said first;
  first.bodies = compiled("p", "p=1", first.at_us, 700);
  first.bodies.emplace_back(journal::Compiled{"q", build_id_named("q=1"), "go1.27.4", "q=1"});
  first.bodies.emplace_back(
      journal::Linked{"main", build_id_named("main=1"), "", Answer::missed, 5000});
  diary.command("c1", first);
  Diary::Said second;
  second.job = "2";
  second.at_us += 100 * k_second_us;
  second.bodies = compiled("r", "r=1", second.at_us, 40);
  second.bodies.emplace_back(
      Lookups{{hit("p=1", Answer::local), hit("q=1", Answer::remote), missed("r=1")}});
  second.bodies.emplace_back(
      journal::Linked{"main", build_id_named("main=1"), "", Answer::local, 0});
  second.bodies.emplace_back(
      journal::Linked{"other", build_id_named("other=1"), "", Answer::remote, 0});
  second.bodies.emplace_back(
      journal::Tested{"p", Answer::reused, journal::TestCause::none, 900, {}, 0});
  second.bodies.emplace_back(journal::Tested{
      "q", Answer::missed, journal::TestCause::inputs, 300, {"open testdata/a"}, 1});
  diary.command("c2", second);
  auto database = diary.open();
  const Numbers numbers = numbers_of_job(database, "github/2");
  const auto& [compile, link, test] = numbers.steps;
  CHECK(compile.given == 2);
  CHECK(compile.given_counted == 1);
  CHECK(compile.saved_us == 700);
  CHECK(compile.foreign_us == 0);
  CHECK(compile.done == 1);
  CHECK(compile.spent_us == 40);
  CHECK(link.given == 2);
  CHECK(link.given_counted == 1);
  CHECK(link.saved_us == 5000);
  CHECK(test.given == 1);
  CHECK(test.saved_us == 900);
  CHECK(test.done == 1);
  CHECK(test.spent_us == 300);
  CHECK(numbers.saved_us() == 6600);
  REQUIRE(numbers.packages.size() == 3);
  CHECK(numbers.packages.front().package == "r");
  CHECK(numbers.test_inputs.front().reason == "open testdata/a");
}

TEST_CASE("numbers: what another machine told counts as made elsewhere") {
  Diary diary;
  diary.command("c1", {.bodies = {Lookups{{hit("p=1", Answer::remote)}}}});
  auto database = diary.open();
  journal::KnownInputs known;
  known.source = "test run 1";
  known.list = {{"p", build_id_named("p=1"), "go1.27.4", "p=1", 800, k_diary_us}};
  std::string note;
  auto writer =
      journal::Database::open_to_write(diary.journal(), Deadline::after(std::chrono::seconds(1)));
  // open_current may hold the lock itself.
  REQUIRE((writer ? *writer : database).add_known(known, BlobId{}));
  const Numbers numbers = numbers_of_job(database, "github/1");
  CHECK(numbers.steps[0].saved_us == 800);
  CHECK(numbers.steps[0].foreign_us == 800);
  CHECK(numbers.kinds.front().name == "archive");
}

TEST_CASE("numbers: what is left out is counted") {
  Diary diary;
  diary.command("c1", {.bodies = {Lookups{{missed("a")}}}, .ends = false});
  diary.command("c2", {.at_us = k_diary_us + 5,
                       .bodies = {Lookups{{missed("b")}}},
                       .exit_status = 1,
                       .counters = R"({"lookups":7,"verify":{"checked":0}})"});
  auto database = diary.open();
  const Numbers numbers = numbers_of_job(database, "github/1");
  CHECK(numbers.commands == 2);
  CHECK(numbers.commands_open == 1);
  CHECK(numbers.commands_failed == 1);
  CHECK(numbers.lookups_unseen == 5);
}

TEST_CASE("numbers: another view splits what was never seen, and never more than there is") {
  Numbers numbers;
  numbers.all.missed = 5;
  numbers.causes = {{std::string(k_reason_new), "archive", 4}, {"ttl", "archive", 1}};
  const std::vector<ReasonCount> known = {{"source", 3}, {"flags", 9}};
  numbers.split_new("archive", known);
  numbers.split_new("link", known);
  CHECK(count_of(numbers, "source") == 3);
  CHECK(count_of(numbers, "flags") == 1);
  CHECK(count_of(numbers, k_reason_new) == 0);
  std::uint64_t sum = 0;
  for (const ReasonCount& one : numbers.reasons()) sum += one.count;
  CHECK(sum == numbers.all.missed);
}

TEST_CASE("numbers: a job without lookups has no rate") {
  Diary diary;
  diary.command("c1", {});
  auto database = diary.open();
  const Numbers numbers = numbers_of_job(database, "github/1");
  CHECK_FALSE(numbers.all.hit_rate());
  CHECK(numbers.saved_us() == 0);
}

}  // namespace sluice::insight
