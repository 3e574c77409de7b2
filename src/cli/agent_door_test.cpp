#include "cli/agent_door.hpp"

#include "agent/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

TEST_CASE("agent door: an agent that runs answers, and a command ends there") {
  agent::testing::Machine machine;
  const agent::testing::RunningAgent running(machine);
  REQUIRE(running.connect());
  machine.config.command_id = new_command_id();
  AgentDoor door(machine.config, machine.env);
  door.hold();
  const auto reply =
      door.ask([](agent::Client& client) { return client.status(agent::testing::soon()); },
               AgentDoor::IfGone::give_up);
  REQUIRE(reply);
  CHECK(count_of(*reply, "pid") > 0);
  CHECK(count_of(*reply, "no such field") == 0);
  CHECK(counters_of(*reply).lookups == 0);
  const Summary summary = finish_command(door, machine.config, std::chrono::milliseconds(0));
  CHECK(summary.agent_answered);
  CHECK(summary.untold_faults.empty());
  CHECK_FALSE(door.has_told());
}

TEST_CASE("agent door: where none can be started it is absent, said once, and nothing waits") {
  agent::testing::Machine machine;
  REQUIRE(sys::write_file_atomic(machine.path() / "file", bytes_of("no directory")));
  machine.config.runtime_directory = machine.path() / "file";
  AgentDoor door(machine.config, machine.env);
  CHECK(door.has_told());
  bool was_asked = false;
  const auto reply = door.ask(
      [&was_asked](agent::Client&) -> Result<codec::Json> {
        was_asked = true;
        return codec::Json(codec::JsonObject{});
      },
      AgentDoor::IfGone::start_another);
  CHECK_FALSE(reply);
  CHECK_FALSE(was_asked);
  CHECK_FALSE(finish_command(door, machine.config, std::chrono::seconds(60)).agent_answered);
}

TEST_CASE("agent door: no two commands have one name") {
  CHECK(new_command_id() != new_command_id());
}

}  // namespace sluice::cli
