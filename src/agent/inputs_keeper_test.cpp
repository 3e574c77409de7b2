#include "agent/inputs_keeper.hpp"

#include "agent/testing.hpp"
#include "journal/database.hpp"
#include "journal/spool.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

std::string build_id_of(int number) {
  return journal::build_id_of(action_of(number).view().first(15));
}

std::vector<journal::Event> a_command(const std::string& package, int action) {
  const journal::Micros now_us = journal::now_us();
  journal::CommandBegan began;
  began.id = "command-1";
  return {{now_us, began},
          {now_us, journal::Compiled{package, build_id_of(action), "go1.27.4", "compile\n"}},
          {now_us, journal::Results{{{action_of(action), 1, 10, now_us + 500}}}},
          {now_us, journal::CommandEnded{}}};
}

std::int64_t count_of(const Machine& machine, std::string_view sql) {
  auto database = journal::Database::open_to_read(machine.config.journal_directory);
  REQUIRE(database);
  REQUIRE(*database);
  return *(*database)->connection().number(sql);
}

}  // namespace

TEST_CASE("inputs keeper: costs and build information come from the events around") {
  auto events = a_command("example.org/cmd", 1);
  events.back() = {events.back().at_us, journal::Linked{"example.org/cmd", build_id_of(1),
                                                        "path\tx\n", journal::Answer::missed, 5}};
  std::get<journal::Compiled>(events[1].body).text =
      "compile\ngoos linux goarch amd64\ncompile compile version go1.27.4 [] []\nGOAMD64=v1\n";
  const auto inputs = inputs_in(events);
  REQUIRE(inputs.size() == 1);
  CHECK(inputs.front().cost_us == 500);
  CHECK(inputs.front().text.find("modinfo \"path\\tx\\n\"\n") != std::string::npos);
}

TEST_CASE("inputs keeper: what one machine compiled another one can explain by") {
  Machine first;
  first.config.journal_directory = first.path() / "journal";
  REQUIRE(journal::append(first.config.journal_directory, "command-1", a_command("p", 1)));
  {
    const RunningAgent agent(first);
    auto client = agent.connect();
    REQUIRE(client);
    REQUIRE(client->finish("command-1", std::chrono::seconds(20)));
    REQUIRE(client->read_journal(soon()));
    CHECK(count_of(first, "SELECT count(*) FROM compile") == 1);
  }
  Machine second(first.config.store_url);
  second.config.job_id = "job-2";
  second.config.journal_directory = second.path() / "journal";
  REQUIRE(journal::append(second.config.journal_directory, "command-1", a_command("q", 2)));
  {
    const RunningAgent agent(second);
    auto client = agent.connect();
    REQUIRE(client);
    REQUIRE(client->finish("command-1", std::chrono::seconds(20)));
    REQUIRE(client->read_journal(soon()));
    CHECK(count_of(second, "SELECT count(*) FROM inputs") == 2);
    CHECK(count_of(second, "SELECT cost_us FROM inputs WHERE source <> ''") == 500);
    REQUIRE(client->read_journal(soon()));
    CHECK(count_of(second, "SELECT count(*) FROM told") == 1);
  }
}

TEST_CASE("inputs keeper: without a journal nothing is read or told") {
  const Machine machine;
  const RunningAgent agent(machine);
  auto client = agent.connect();
  REQUIRE(client);
  REQUIRE(client->finish("command-1", std::chrono::seconds(20)));
  REQUIRE(client->read_journal(soon()));
  CHECK_FALSE(*sys::stat_file(machine.path() / "cache" / "journal"));
}

}  // namespace sluice::agent
