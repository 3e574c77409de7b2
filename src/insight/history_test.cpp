#include "insight/history.hpp"

#include "insight/testing.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace sluice::insight {
namespace {

// One job a minute; of four lookups `hits` were answered.
void add_job(Diary& diary, int number, int hits, const std::string& branch = "main",
             std::int64_t exit_status = 0) {
  std::vector<journal::Lookup> list;
  for (int i = 0; i < 4; ++i) {
    const std::string name = fmt::format("{}-{}", number, i);
    list.push_back(i < hits ? hit(name, journal::Answer::local) : missed(name));
  }
  diary.command(fmt::format("c{}", number),
                {.job = std::to_string(number),
                 .branch = branch,
                 .at_us = k_diary_us + number * 60 * k_second_us,
                 .bodies = {journal::Lookups{list}},
                 .took_us = static_cast<std::uint64_t>(number) * 1'000'000,
                 .exit_status = exit_status});
}

}  // namespace

TEST_CASE("history: medians of odd and even samples, and of none") {
  CHECK_FALSE(median_of({}));
  CHECK(median_of({3, 1, 2})->value == 2);
  CHECK(median_of({4, 1})->value == 2.5);
  CHECK(median_of({4, 1})->sample == 2);
}

TEST_CASE("history: the scope's jobs before this one, newest first, at most ten") {
  Diary diary;
  for (int number = 1; number <= 13; ++number) add_job(diary, number, 4);
  add_job(diary, 14, 0, "other");
  auto database = diary.open();
  const auto job = journal::find_job(database, "github/13");
  const auto before = history_of(database, *job);
  REQUIRE(before);
  CHECK(before->same_branch);
  REQUIRE(before->jobs.size() == 10);
  CHECK(before->jobs.front().job.uid == "github/12");
  CHECK(before->hit_rate->value == 1.0);
  CHECK(before->wall_us->value == 7.5e6);
  const auto last = last_jobs(database, 2);
  REQUIRE(last->jobs.size() == 2);
  CHECK(last->jobs.front().job.uid == "github/14");
  CHECK(last->hit_rate->value == 0.5);
}

TEST_CASE("history: a new branch is compared with the job on any branch") {
  Diary diary;
  add_job(diary, 1, 4);
  add_job(diary, 2, 2, "topic");
  auto database = diary.open();
  const auto before = history_of(database, *journal::find_job(database, "github/2"));
  REQUIRE(before);
  CHECK_FALSE(before->same_branch);
  CHECK(before->jobs.size() == 1);
  CHECK(history_of(database, *journal::find_job(database, "github/1"))->jobs.empty());
}

TEST_CASE("history: jobs that failed have no time to compare, jobs without lookups no rate") {
  Diary diary;
  add_job(diary, 1, 4, "main", 1);
  diary.command("c2", {.job = "2", .at_us = k_diary_us + 120 * k_second_us});
  add_job(diary, 3, 4);
  auto database = diary.open();
  const auto before = history_of(database, *journal::find_job(database, "github/3"));
  REQUIRE(before->jobs.size() == 1);
  CHECK(before->hit_rate->sample == 1);
  CHECK_FALSE(before->wall_us);
}

}  // namespace sluice::insight
