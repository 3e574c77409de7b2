#include "agent/agent_link.hpp"

#include "agent/testing.hpp"
#include "sys/unix_socket.hpp"

#include <doctest/doctest.h>

#include <atomic>

namespace sluice::agent {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

struct Answers {
  std::atomic<int> hits = 0;
  std::atomic<int> misses = 0;
  AgentLink::Answer callback() {
    return [this](std::uint64_t, const ActionId&, const std::optional<Hit>& hit,
                  std::chrono::microseconds) { ++(hit ? hits : misses); };
  }
  bool reach(int count) const {
    const Deadline deadline = soon();
    while (hits + misses < count && !deadline.passed()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return hits + misses == count;
  }
};

Hello session_hello() {
  Hello hello;
  hello.role = "session";
  return hello;
}

TEST_CASE("questions asked before the agent stands are answered by it") {
  Machine machine;
  Answers answers;
  const RunningAgent agent(machine);
  AgentLink link(machine.config, machine.env, session_hello(), answers.callback());
  for (int i = 0; i < 10; ++i) link.ask(static_cast<std::uint64_t>(i), action_of(i));
  CHECK(answers.reach(10));
  CHECK(answers.misses == 10);
  CHECK(link.bye("{}").has_value());
  CHECK(link.trouble().empty());
}

TEST_CASE("any number of questions may be open at once") {
  Machine machine;
  Answers answers;
  const RunningAgent agent(machine);
  REQUIRE(agent.connect().has_value());
  AgentLink link(machine.config, machine.env, session_hello(), answers.callback());
  constexpr int k_questions = 20'000;  // more than the buffers of a socket hold
  for (int i = 0; i < k_questions; ++i) link.ask(static_cast<std::uint64_t>(i), action_of(i));
  CHECK(answers.reach(k_questions));
  CHECK(link.bye("{}").has_value());
  CHECK(link.trouble().empty());
}

TEST_CASE("an agent that is there and silent is waited for once, and not for long") {
  Machine machine;
  REQUIRE(sys::make_private_directory(machine.config.runtime_directory));
  const auto listener = sys::listen_unix(machine.config.socket_path());  // and nobody accepts
  REQUIRE(listener.has_value());
  Answers answers;
  AgentLink link(machine.config, machine.env, session_hello(), answers.callback());
  const auto started = std::chrono::steady_clock::now();
  link.ask(1, action_of(1));
  CHECK(answers.reach(1));
  link.ask(2, action_of(2));
  CHECK(answers.reach(2));
  CHECK(answers.misses == 2);
  CHECK(std::chrono::steady_clock::now() - started < 2 * k_welcome_wait);
  CHECK_FALSE(link.bye("{}").has_value());
  CHECK(link.trouble() == "the agent does not answer");
}

TEST_CASE("an agent that hangs up answers nothing and costs only misses") {
  Machine machine;
  REQUIRE(sys::make_private_directory(machine.config.runtime_directory));
  auto listener = sys::listen_unix(machine.config.socket_path());
  REQUIRE(listener.has_value());
  std::atomic<bool> stop = false;
  std::thread rude([&] {
    while (!stop) {
      auto socket =
          sys::accept_unix(listener->get(), Deadline::after(std::chrono::milliseconds(20)));
      if (socket && *socket) {
        std::array<std::byte, 64> piece{};
        (void)sys::read_some((*socket)->get(), piece);
      }
    }
  });
  Answers answers;
  {
    AgentLink link(machine.config, machine.env, session_hello(), answers.callback());
    for (int i = 0; i < 5; ++i) {
      link.ask(static_cast<std::uint64_t>(i), action_of(i));
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    CHECK(answers.reach(5));
    CHECK(answers.misses == 5);
  }
  stop = true;
  rude.join();
}

}  // namespace
}  // namespace sluice::agent
