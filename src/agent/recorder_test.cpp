#include "agent/recorder.hpp"

#include "agent/testing.hpp"
#include "journal/spool.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

std::vector<journal::Event> told(const Machine& machine) {
  const auto list = journal::spools(machine.config.journal_directory);
  REQUIRE(list.size() == 1);
  const auto bytes = sys::read_file(list.front().file, 1U << 20U);
  REQUIRE(bytes);
  return journal::decode(**bytes);
}

}  // namespace

TEST_CASE("recorder: lookups and results of a command stand in its spool") {
  Machine machine;
  machine.config.journal_directory = machine.path() / "journal";
  Recorder recorder(machine.config);
  for (int i = 0; i < 3000; ++i) recorder.lookup(action_of(i), journal::Answer::local, 7);
  recorder.stored(action_of(1), store::Kind::archive, 9);
  recorder.add(journal::Tested{"p", journal::Answer::reused, journal::TestCause::none, 5, {}});
  recorder.flush();
  recorder.flush();
  const auto events = told(machine);
  std::size_t lookups = 0;
  for (const auto& event : events) {
    if (const auto* some = std::get_if<journal::Lookups>(&event.body)) lookups += some->list.size();
  }
  CHECK(lookups == 3000);
  CHECK(std::holds_alternative<journal::Tested>(events.back().body));
}

TEST_CASE("recorder: a bare session is a command with a beginning and an end") {
  Machine machine;
  machine.config.journal_directory = machine.path() / "journal";
  machine.config.command_id.clear();
  machine.config.ci = "github";
  Recorder recorder(machine.config);
  recorder.begin_bare({"build", "./..."}, "/work", "-trimpath");
  recorder.lookup(action_of(1), journal::Answer::missed);
  recorder.end_bare(Counters{});
  const auto events = told(machine);
  REQUIRE(events.size() == 3);
  const auto& began = std::get<journal::CommandBegan>(events.front().body);
  CHECK(began.words.size() == 2);
  CHECK(began.ci == "github");
  CHECK(began.job_id == machine.config.job_id);
  CHECK(std::holds_alternative<journal::CommandEnded>(events.back().body));
}

TEST_CASE("recorder: without a journal, or where it cannot be written, nothing happens") {
  Machine machine;
  {
    Recorder recorder(machine.config);
    recorder.begin_bare({}, "/", "");
    recorder.lookup(action_of(1), journal::Answer::missed);
    recorder.end_bare({});
  }
  machine.config.journal_directory = machine.path() / "file" / "journal";
  REQUIRE(sys::write_file_atomic(machine.path() / "file", {}));
  Recorder recorder(machine.config);
  recorder.lookup(action_of(1), journal::Answer::missed);
  recorder.flush();
  CHECK(sys::stat_file(machine.path() / "file"));
}

}  // namespace sluice::agent
