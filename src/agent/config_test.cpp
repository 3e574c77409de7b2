#include "agent/config.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {
namespace {

AgentConfig sample() {
  AgentConfig config;
  config.runtime_directory = "/run/user/1/sluice";
  config.cache_directory = "/home/u/.cache/sluice";
  config.local_tier = "/home/u/.cache/go-build";
  config.link_directory = "/home/u/.cache/sluice/link";
  config.store_url = "file:///srv/store";
  config.credentials = "0123456789abcdef";
  config.domain = "trusted";
  config.read_domains = {"trusted"};
  config.checkout = "/home/u/p";
  config.module_root = "/home/u/p/sub";
  config.go_path = "/usr/local/go/bin/go";
  config.go_version = "go1.26.8";
  config.goroot = "/usr/local/go";
  config.module_cache = "/home/u/go/pkg/mod";
  config.job_id = "desk/x/2026-01-01";
  config.job_name = "desk";
  config.job_run = "desk/2026-01-01";
  config.ci = "github";
  config.repository = "acme/shop";
  config.commit = "0123";
  config.branch = "main";
  config.pull_request = "7";
  config.producer = "sluice 0.1.0";
  config.verify_share = 0.25;
  config.drain_timeout = std::chrono::seconds(7);
  config.store_patience = std::chrono::seconds(3);
  config.command_id = "c";
  return config;
}

TEST_CASE("a configuration survives SLUICE_SESSION") {
  AgentConfig config = sample();
  config.publish_local = true;
  config.share_links = true;
  config.say_faults = true;
  config.same_path = "/srv/sluice";
  config.shown_checkout = "/home/u/p";
  config.place_records = "ab cd";
  config.trusted_keys = "0123456789abcdef:AAAA";
  config.signer = "0123456789abcdef";
  config.signer_proof = "fedcba9876543210";
  config.secrets_apart = true;
  config.secrets_agent = "/run/user/1/sluice/x.sock";
  const auto back = AgentConfig::decode(config.encode());
  REQUIRE(back.has_value());
  CHECK(back->encode() == config.encode());
  CHECK(back->key() == config.key());
  CHECK(back->verify_share == doctest::Approx(0.25));
  CHECK(back->drain_timeout == std::chrono::seconds(7));
  CHECK(back->store_patience == std::chrono::seconds(3));
  CHECK(back->module_root == "/home/u/p/sub");
  CHECK(back->publish_local);
}

TEST_CASE("who believes or signs otherwise has another agent") {
  const std::string key = sample().key();
  AgentConfig config = sample();
  config.secrets_apart = true;
  CHECK(config.key() == key);
  for (std::string AgentConfig::* field :
       {&AgentConfig::trusted_keys, &AgentConfig::signer, &AgentConfig::signer_proof}) {
    config = sample();
    config.*field = "x";
    CHECK(config.key() != key);
  }
}

TEST_CASE("where an index entry may say that its module lies") {
  AgentConfig config = sample();
  CHECK(config.module_caches() == std::vector<sys::Path>{"/home/u/go/pkg/mod"});
  config.same_path = "/srv/sluice";
  CHECK(config.module_caches() == std::vector<sys::Path>{"/home/u/go/pkg/mod", "/srv/sluice/mod"});
}

TEST_CASE("what another version or somebody else wrote is refused") {
  CHECK(!AgentConfig::decode("").has_value());
  CHECK(!AgentConfig::decode("{}").has_value());
  CHECK(AgentConfig::decode(R"({"version":2})").error().code == Code::unsupported);
  AgentConfig relative = sample();
  relative.local_tier = "cache";
  CHECK(AgentConfig::decode(relative.encode()).error().code == Code::invalid);
}

TEST_CASE("job, store, domain, tier and rights each have an agent of their own") {
  const std::string key = sample().key();
  CHECK(key.size() == 32);
  const auto differs = [&key](auto change) {
    AgentConfig other = sample();
    change(other);
    return other.key() != key;
  };
  CHECK(differs([](AgentConfig& config) { config.credentials = "other"; }));
  CHECK(differs([](AgentConfig& c) { c.job_id = "other"; }));
  CHECK(differs([](AgentConfig& c) { c.store_url = "file:///other"; }));
  CHECK(differs([](AgentConfig& c) { c.domain = "fork"; }));
  CHECK(differs([](AgentConfig& c) { c.read_domains.push_back("fork"); }));
  CHECK(differs([](AgentConfig& c) { c.local_tier = "/other"; }));
  CHECK(differs([](AgentConfig& c) { c.checkout = "/other"; }));
  CHECK(differs([](AgentConfig& c) { c.read_only = true; }));
  CHECK(differs([](AgentConfig& c) { c.publish_local = true; }));
  CHECK(differs([](AgentConfig& c) { c.producer = "sluice 0.2.0"; }));
  CHECK(!differs([](AgentConfig& c) { c.command_id = "another command of the same job"; }));
}

}  // namespace
}  // namespace sluice::agent
