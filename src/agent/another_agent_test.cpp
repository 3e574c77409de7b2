#include "agent/another_agent.hpp"

#include "agent/testing.hpp"

#include <doctest/doctest.h>

#include <string>

namespace sluice::agent {
namespace {

TEST_CASE("the same job in another module is the same job") {
  const testing::Machine machine;
  AgentConfig asked = machine.config;
  asked.checkout /= "other";
  asked.module_root = asked.checkout;
  asked.go_version = "go1.27.4";
  asked.read_only = true;
  CHECK(check_same_rights(machine.config, asked).has_value());
}

TEST_CASE("another store, domain, signer or place is refused, and more rights are") {
  const testing::Machine machine;
  const AgentConfig& own = machine.config;
  for (std::string AgentConfig::* field :
       {&AgentConfig::store_url, &AgentConfig::credentials, &AgentConfig::domain,
        &AgentConfig::trusted_keys, &AgentConfig::signer, &AgentConfig::job_id}) {
    AgentConfig asked = own;
    asked.*field += "x";
    const auto checked = check_same_rights(own, asked);
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().code == Code::denied);
  }
  AgentConfig asked = own;
  asked.local_tier /= "x";
  CHECK_FALSE(check_same_rights(own, asked).has_value());
  asked = own;
  asked.read_domains.emplace_back("fork");
  CHECK_FALSE(check_same_rights(own, asked).has_value());
  asked = own;
  asked.publish_local = true;
  CHECK_FALSE(check_same_rights(own, asked).has_value());
  AgentConfig reader = own;
  reader.read_only = true;
  CHECK_FALSE(check_same_rights(reader, own).has_value());
}

TEST_CASE("an agent says why it starts none") {
  const testing::Machine machine;
  const testing::RunningAgent agent(machine);
  AgentConfig asked = machine.config;
  asked.secrets_agent = machine.config.socket_path();
  asked.store_url = "https://evil.example/x";
  REQUIRE(agent.connect().has_value());
  const auto refused = ask_for_another(asked);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Code::denied);
  CHECK_FALSE(start_another(machine.config, machine.env, {}).bool_or("started", true));
  asked.secrets_agent = machine.config.runtime_directory / "gone.sock";
  CHECK(ask_for_another(asked).error().code == Code::unavailable);
}

}  // namespace
}  // namespace sluice::agent
