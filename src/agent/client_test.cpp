#include "agent/client.hpp"

#include "agent/testing.hpp"
#include "store/secrets.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace sluice::agent {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

TEST_CASE("no agent is no error") {
  Machine machine;
  const auto client = Client::connect(machine.config, soon());
  REQUIRE(client.has_value());
  CHECK(!client->has_value());
  CHECK(agent_sockets(machine.config.runtime_directory).empty());
}

TEST_CASE("a running agent tells what it is, waits and stops") {
  Machine machine;
  const RunningAgent agent(machine);
  auto client = agent.connect();
  REQUIRE(client.has_value());
  const auto status = client->status(soon());
  REQUIRE(status.has_value());
  CHECK(status->text_or("store", "") == machine.config.store_url);
  CHECK(status->text_or("domain", "") == "trusted");
  CHECK(status->bool_or("drained", false));
  CHECK(agent_sockets(machine.config.runtime_directory).size() == 1);
  CHECK(client->wait(std::chrono::seconds(5))->bool_or("drained", false));
  CHECK(client->stop(std::chrono::seconds(5)).has_value());
}

TEST_CASE("reports of sessions without an agent are summed once") {
  Machine machine;
  REQUIRE(sys::make_private_directory(machine.config.runtime_directory));
  for (int i = 0; i < 3; ++i) {
    REQUIRE(sys::append_to_file(report_path(machine.config), bytes_of("{\"lookups\":4}\n")));
  }
  REQUIRE(sys::append_to_file(report_path(machine.config), bytes_of("half a li")));
  CHECK(take_report(machine.config).lookups == 12);
  CHECK(take_report(machine.config).lookups == 0);
}

TEST_CASE("a command waits for its sessions, and not for ever") {
  using Clock = std::chrono::steady_clock;
  Machine machine;
  machine.config.command_id = "one";
  wait_for_sessions(machine.config);  // without a directory there is none
  REQUIRE(sys::make_private_directory(machine.config.runtime_directory));
  auto first = be_present(machine.config);
  auto second = be_present(machine.config);
  REQUIRE(first);
  REQUIRE(second);
  std::atomic<bool> is_gone = false;
  std::thread session([&] {
    first.reset();
    // house: allow sleep (one that takes its time)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    is_gone = true;
    second.reset();
  });
  wait_for_sessions(machine.config);
  CHECK(is_gone);
  session.join();
  const auto stays = be_present(machine.config);
  const auto begin = Clock::now();
  wait_for_sessions(machine.config);
  CHECK(Clock::now() - begin >= k_sessions_gone_wait);
  // Another command has sessions of its own.
  machine.config.command_id = "two";
  wait_for_sessions(machine.config);
  CHECK(take_report(machine.config).lookups == 0);
}

TEST_CASE("secrets come from a file on standard input, and from nothing else") {
  const Machine machine;
  sys::Environment given;
  given.set("SLUICE_SIGNING_KEY", "K");
  const sys::Path file = machine.config.checkout / "secrets";
  REQUIRE(sys::write_file_atomic(file, store::pack_secrets(given)));
  const sys::Fd input = *sys::open_read(file);
  CHECK(take_secrets({}, input.get()).get("SLUICE_SIGNING_KEY") == "K");
  CHECK(take_secrets({}, input.get()).as_list().empty());  // nobody reads it again
  const sys::Fd nothing = *sys::open_read("/dev/null");
  CHECK(take_secrets({}, nothing.get()).as_list().empty());
  CHECK(take_secrets({}, -1).as_list().empty());
}

TEST_CASE("a session whose environment has no secrets starts no agent") {
  Machine machine;
  machine.config.secrets_apart = true;
  machine.config.secrets_agent = machine.config.socket_path();
  CHECK(ensure_agent(machine.config, machine.env).has_value());
  CHECK_FALSE(std::filesystem::exists(machine.config.lock_path()));
}

TEST_CASE("a runtime directory that others can enter is refused") {
  Machine machine;
  REQUIRE(sys::make_directories(machine.config.runtime_directory));
  std::filesystem::permissions(machine.config.runtime_directory, std::filesystem::perms::all);
  const auto started = ensure_agent(machine.config, machine.env);
  REQUIRE(!started.has_value());
  CHECK(started.error().code == Code::denied);
}

}  // namespace
}  // namespace sluice::agent
