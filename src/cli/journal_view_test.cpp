#include "cli/journal_view.hpp"

#include "journal/queries.hpp"
#include "journal/spool.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {
namespace {

struct Machine {
  sys::TempDirectory directory = std::move(*sys::TempDirectory::create("view"));
  Setup setup;

  Machine() {
    setup.config.journal_directory = directory.path() / "journal";
    setup.config.runtime_directory = directory.path() / "run";
  }
};

}  // namespace

TEST_CASE("journal view: what commands have said is read first") {
  Machine machine;
  journal::CommandBegan began;
  began.id = "one";
  const std::vector<journal::Event> events = {{1'000'000, began},
                                              {1'000'500, journal::CommandEnded{500, 0, 0, "{}"}}};
  REQUIRE(journal::append(machine.setup.config.journal_directory, "one", events));
  auto database = open_journal(machine.setup);
  REQUIRE(database);
  CHECK(journal::find_job(*database, "last")->uid == "one");
}

TEST_CASE("journal view: none is said, and made by nobody who only looks") {
  Machine machine;
  const auto none = open_journal(machine.setup);
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Code::not_found);
  CHECK(none.error().message.find("no journal yet") == 0);
  CHECK_FALSE(*sys::stat_file(machine.setup.config.journal_directory));
}

TEST_CASE("journal view: one that is switched off names who did that") {
  Machine machine;
  machine.setup.config.journal_directory.clear();
  machine.setup.settings.sources[static_cast<std::size_t>(SettingId::journal)].text =
      "SLUICE_JOURNAL";
  const auto off = open_journal(machine.setup);
  REQUIRE_FALSE(off);
  CHECK(off.error().message == "the journal is switched off (SLUICE_JOURNAL)");
}

TEST_CASE("journal view: a damaged one is set aside and a new one begun") {
  Machine machine;
  const sys::Path& journal = machine.setup.config.journal_directory;
  REQUIRE(sys::make_private_directory(journal));
  REQUIRE(sys::write_file_atomic(journal::database_file(journal), Bytes(5000, std::byte{'x'})));
  auto database = open_journal(machine.setup);
  REQUIRE(database);
  CHECK(*sys::stat_file(journal / "journal.db.broken"));
}

TEST_CASE("journal view: in CI it is the job that one is in, at a desk the last one") {
  Machine machine;
  for (const auto& [id, ci_job] : {std::pair("one", "77"), std::pair("two", "78")}) {
    journal::CommandBegan began;
    began.id = id;
    began.ci = "gitlab";
    began.job_id = ci_job;
    const journal::Micros at_us = began.job_id == "77" ? 1'000'000 : 2'000'000;
    const std::vector<journal::Event> events = {
        {at_us, began}, {at_us + 500, journal::CommandEnded{500, 0, 0, "{}"}}};
    REQUIRE(journal::append(machine.setup.config.journal_directory, id, events));
  }
  auto database = open_journal(machine.setup);
  REQUIRE(database);
  CHECK(chosen_job(*database, machine.setup, "")->uid == "gitlab/78");
  machine.setup.job.system = agent::CiSystem::gitlab;
  machine.setup.job.id = "77";
  CHECK(chosen_job(*database, machine.setup, "")->uid == "gitlab/77");
  CHECK(chosen_job(*database, machine.setup, "last")->uid == "gitlab/78");
  machine.setup.job.id = "7";
  CHECK(chosen_job(*database, machine.setup, "").error().code == Code::not_found);
  CHECK(chosen_job(*database, machine.setup, "none").error().code == Code::invalid);
}

}  // namespace sluice::cli
