// A small made-up journal for this room's tests. Tests only; one thread.
#pragma once

#include "insight/history.hpp"
#include "insight/journal_for_test.hpp"
#include "insight/numbers.hpp"
#include "journal/spool.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace sluice::insight {

inline ActionId action_named(std::string_view name) { return sha256_as<ActionId>(bytes_of(name)); }
inline std::string build_id_named(std::string_view name) {
  return journal::build_id_of(action_named(name).view().first(15));
}

// Microseconds since 1970 of 2026-01-02 03:04:05 UTC, and a second.
inline constexpr journal::Micros k_diary_us = 1'767'323'045'000'000;
inline constexpr journal::Micros k_second_us = 1'000'000;

class Diary : public JournalForTest {
 public:
  // A command of one CI job, and what it says between its beginning and its end.
  struct Said {
    std::string job = "1";
    std::string branch = "main";
    journal::Micros at_us = k_diary_us;
    std::vector<journal::Body> bodies = {};
    std::uint64_t took_us = 2 * k_second_us;
    std::int64_t exit_status = 0;
    std::string counters = "{}";
    bool ends = true;
    std::string host = "box";
  };
  void command(const std::string& id, const Said& said) {
    journal::CommandBegan began;
    began.id = id;
    began.ci = "github";
    began.job_id = said.job;
    began.job_name = "test";
    began.branch = said.branch;
    began.commit = "0a1b2c3d4e5f60718293";
    began.host = said.host;
    began.local_tier = "/tier";
    began.words = {"go", "build"};
    std::vector<journal::Event> events = {{said.at_us, began}};
    for (const journal::Body& body : said.bodies) events.push_back({said.at_us + 10, body});
    if (said.ends) {
      events.push_back({said.at_us + static_cast<journal::Micros>(said.took_us),
                        journal::CommandEnded{said.took_us, said.exit_status, 0, said.counters}});
    }
    REQUIRE(journal::append(journal(), id, events));
    if (said.ends) return;
    // Nobody has appended for long: it is read as it is.
    const auto file = journal::spool_file(journal(), id);
    REQUIRE(sys::touch(*file, unix_now_ns() - 2 * journal::k_spool_silent_ns));
  }
  void removed(journal::Micros at_us, const std::vector<journal::RemovedOne>& list) {
    const std::vector<journal::Event> events = {{at_us, journal::Removed{"box", "/tier", list}}};
    REQUIRE(journal::append(journal(), "gc-" + std::to_string(at_us), events));
  }
};

inline journal::Lookup missed(std::string_view name) {
  return {action_named(name), journal::Answer::missed, 0, 0};
}
inline journal::Lookup hit(std::string_view name, journal::Answer answer, std::uint64_t size = 100,
                           std::uint64_t wait_us = 0) {
  return {action_named(name), answer, size, wait_us};
}

// Compiling `name` of package `package`, begun when the diary's command did, took `cost_us`.
inline std::vector<journal::Body> compiled(const std::string& package, const std::string& name,
                                           journal::Micros at_us, std::uint64_t cost_us) {
  const journal::Micros began_us = at_us + 10;
  return {journal::Compiled{package, build_id_named(name), "go1.27.4", name},
          journal::Results{
              {{action_named(name), 1, 500, began_us + static_cast<journal::Micros>(cost_us)}}}};
}

inline std::string golden(const sys::Path& file) {
  const auto bytes = sys::read_file(file, 1U << 20U);
  REQUIRE(bytes);
  REQUIRE(*bytes);
  return std::string(sluice::text_of(**bytes));
}

inline Numbers numbers_of_job(journal::Database& database, std::string_view job) {
  const auto row = journal::find_job(database, job);
  REQUIRE(row);
  const auto numbers = numbers_of(database, *row);
  REQUIRE(numbers);
  return *numbers;
}

// Numbers of every sort, for the forms they are put into.
inline Numbers sample_numbers() {
  Numbers numbers;
  numbers.job.id = 7;
  numbers.job.uid = "github/o/r/1";
  numbers.job.ci = "github";
  numbers.job.name = "CI|test";
  numbers.job.branch = "main";
  numbers.job.commit = "0a1b2c3d4e5f60718293";
  numbers.job.first_us = k_diary_us;
  numbers.commands = 3;
  numbers.commands_open = 1;
  numbers.commands_failed = 1;
  numbers.wall_us = 41'200'000;
  numbers.lookups_unseen = 2;
  const Tally archives{
      .local = 95, .remote = 17, .missed = 6, .bytes = 3U << 20U, .wait_us = 90'000};
  const Tally tests{.local = 1, .reused = 2, .missed = 4, .bytes = 2048};
  numbers.all = {.local = 96,
                 .remote = 17,
                 .reused = 2,
                 .missed = 10,
                 .bytes = archives.bytes + tests.bytes,
                 .wait_us = 90'000};
  numbers.kinds = {{"archive", archives}, {"test-output", tests}};
  numbers.scopes = {{"branch", {.local = 90, .remote = 17, .bytes = 4096}},
                    {"not-known", {.local = 6, .reused = 2, .bytes = 5}}};
  numbers.steps[0] = {"compile", 118, 117, 38'100'000, 30'000'000, 2, 2, 3'200'000};
  numbers.steps[1] = {"link", 1, 0, 0, 0, 0, 0, 0};
  numbers.steps[2] = {"test", 3, 3, 2'500'000, 0, 4, 3, 900'000};
  numbers.packages = {{"example.com/`a`|b", 0, 1, 0, 3'000'000}, {"fmt", 1, 0, 500'000, 0}};
  numbers.causes = {{std::string(k_reason_new), "archive", 6},
                    {std::string(k_reason_refused), "test-output", 3},
                    {std::string(k_reason_manual), "test-output", 1}};
  numbers.transfers = {{journal::Direction::down, 17, 1U << 20U, 5},
                       {journal::Direction::up, 2, 300, 2}};
  numbers.waits = {0, 16, 0, 1};
  numbers.faults = {{"store", "503 after 3 tries", 2}};
  numbers.test_inputs = {{"open testdata/a", 2}};
  return numbers;
}

inline History sample_history(bool same_branch = true) {
  History history;
  JobSummary one;
  one.job.uid = "github/o/r/0";
  one.lookups = 100;
  one.hits = 99;
  one.wall_us = 40'000'000;
  history.jobs = {one};
  history.same_branch = same_branch;
  history.hit_rate = Median{0.99, 1};
  history.wall_us = Median{40'000'000, 1};
  return history;
}

}  // namespace sluice::insight
