#include "cli/command_record.hpp"

#include "journal/database.hpp"
#include "journal/spool.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace sluice::cli {
namespace {

struct Desk {
  sys::TempDirectory directory = std::move(*sys::TempDirectory::create("record"));
  Setup setup;
  Command command{"/go", {"go", "build", "./..."}, true};

  Desk() {
    setup.config.journal_directory = directory.path() / "journal";
    setup.config.command_id = "c1";
    setup.config.ci = "gitlab";
    setup.config.job_id = "77";
  }
  void run(const std::string& id, const Summary& summary) {
    setup.config.command_id = id;
    sys::Environment env;
    env.set("GOFLAGS", "-race");
    record_beginning(setup, command, env);
    record_end(setup, summary, sys::ExitStatus{3, 0}, std::chrono::microseconds(1500));
  }
};

}  // namespace

TEST_CASE("command record: beginning, transfers, faults and end stand in the spool") {
  Desk desk;
  Summary summary;
  summary.counters.bytes_up = 5;
  count_fault(summary.counters.faults, "store", "no route");
  desk.run("c1", summary);
  const auto spools = journal::spools(desk.setup.config.journal_directory);
  REQUIRE(spools.size() == 1);
  const auto bytes = sys::read_file(spools.front().file, 1U << 20U);
  const auto events = journal::decode(**bytes);
  REQUIRE(events.size() == 4);
  const auto& began = std::get<journal::CommandBegan>(events[0].body);
  CHECK(began.ci == "gitlab");
  CHECK(began.words == desk.command.arguments);
  CHECK(began.goflags == "-race");
  CHECK(std::get<journal::Transferred>(events[1].body).direction == journal::Direction::up);
  CHECK(std::get<journal::Fault>(events[2].body).reason == "store");
  const auto& ended = std::get<journal::CommandEnded>(events[3].body);
  CHECK(ended.exit_status == 3);
  CHECK(ended.duration_us == 1500);
}

TEST_CASE("command record: without an agent what lies about is read now and then") {
  Desk desk;
  Summary alone;
  for (std::size_t i = 0; i + 1 < journal::k_spools_unread_max; ++i) {
    desk.run(fmt::format("c{}", i), alone);
  }
  CHECK(journal::spools(desk.setup.config.journal_directory).size() ==
        journal::k_spools_unread_max - 1);
  desk.run("last", alone);
  CHECK(journal::spools(desk.setup.config.journal_directory).empty());
  CHECK(*journal::Database::open_to_read(desk.setup.config.journal_directory));
}

TEST_CASE("command record: no journal, no file") {
  Desk desk;
  const sys::Path journal = std::exchange(desk.setup.config.journal_directory, sys::Path());
  desk.run("c1", Summary{});
  CHECK_FALSE(*sys::stat_file(journal));
}

}  // namespace sluice::cli
