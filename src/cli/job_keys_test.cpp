#include "cli/job_keys.hpp"

#include "agent/config.hpp"
#include "store/key_settings.hpp"

#include <doctest/doctest.h>

#include <string>

namespace sluice::cli {
namespace {

SigningKey key_of(int number) {
  return *SigningKey::from_seed(Bytes(32, static_cast<std::byte>(number)));
}
std::string public_of(int number) { return store::public_key_text(key_of(number).public_key()); }

struct Case {
  Case() { env.set("XDG_CONFIG_HOME", "/nowhere"); }
  JobKeys decide() {
    auto keys = decide_trust(settings, job, env);
    REQUIRE_MESSAGE(keys.has_value(), (keys ? "" : keys.error().message));
    return std::move(*keys);
  }
  void say_domain(const std::string& domain) {
    settings.trust_domain = domain;
    settings.sources[static_cast<std::size_t>(SettingId::trust_domain)] = {Source::Kind::variable,
                                                                           "SLUICE_TRUST_DOMAIN"};
  }

  Settings settings;
  agent::Job job;
  sys::Environment env;
};

TEST_CASE("without keys only a fork's pull request is not trusted") {
  Case one;
  one.job.system = agent::CiSystem::github;
  CHECK(one.decide().trusted.empty());
  CHECK(one.settings.trust_domain == "trusted");
  one.job.is_fork = true;
  one.decide();
  CHECK(one.settings.trust_domain == "fork");
}

TEST_CASE("a CI job that believes keys and has none is in the domain fork; a desk reads") {
  Case ci;
  ci.env.set("SLUICE_TRUSTED_KEYS", public_of(1));
  ci.job.system = agent::CiSystem::gitlab;
  CHECK(ci.decide().trusted == public_of(1));
  CHECK(ci.settings.trust_domain == "fork");
  CHECK_FALSE(ci.settings.read_only);
  Case desk;
  desk.env.set("SLUICE_TRUSTED_KEYS", public_of(1));
  CHECK(desk.decide().signer.empty());
  CHECK(desk.settings.trust_domain == "trusted");
  CHECK(desk.settings.read_only);
}

TEST_CASE("who has the key writes what is trusted; a fork does not, key or no key") {
  Case ci;
  ci.env.set("SLUICE_SIGNING_KEY", store::private_key_text(key_of(1)));
  ci.job.system = agent::CiSystem::github;
  const JobKeys keys = ci.decide();
  CHECK(ci.settings.trust_domain == "trusted");
  CHECK(keys.signer == public_of(1).substr(0, 16));
  CHECK(keys.signer_proof.size() == 16);
  CHECK(keys.trusted == public_of(1));
  ci.job.is_fork = true;
  const JobKeys fork = ci.decide();
  CHECK(ci.settings.trust_domain == "fork");
  CHECK(fork.signer.empty());
  CHECK(fork.trusted == public_of(1));
}

TEST_CASE("to write trusted without a key is refused, to read it is not") {
  Case ci;
  ci.env.set("SLUICE_TRUSTED_KEYS", public_of(1));
  ci.job.system = agent::CiSystem::github;
  ci.say_domain("trusted");
  const auto refused = decide_trust(ci.settings, ci.job, ci.env);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Code::invalid);
  CHECK(refused.error().message.starts_with("SLUICE_TRUST_DOMAIN: "));
  ci.settings.read_only = true;
  ci.decide();
  CHECK(ci.settings.trust_domain == "trusted");
  Case other;
  other.env.set("SLUICE_TRUSTED_KEYS", public_of(1));
  other.say_domain("guests");
  other.decide();
  CHECK(other.settings.trust_domain == "guests");
  CHECK_FALSE(other.settings.read_only);
}

TEST_CASE("inside a command whose sluice keeps the secrets it is the same job") {
  agent::AgentConfig outer;
  outer.runtime_directory = outer.cache_directory = outer.local_tier = "/x";
  outer.domain = "trusted";
  outer.trusted_keys = public_of(1);
  outer.signer = public_of(1).substr(0, 16);
  outer.signer_proof = "abc";
  outer.credentials = "def";
  outer.store_url = "s3://bucket";
  Case inner;
  inner.job.system = agent::CiSystem::github;
  inner.settings.store_url = "s3://bucket";
  inner.env.set("SLUICE_TRUSTED_KEYS", public_of(1));
  inner.env.set("SLUICE_SESSION", outer.encode());
  CHECK(inner.decide().signer.empty());  // its environment is as it was
  outer.secrets_apart = true;
  inner.env.set("SLUICE_SESSION", outer.encode());
  inner.settings.trust_domain = "trusted";
  const JobKeys keys = inner.decide();
  CHECK(inner.settings.trust_domain == "trusted");
  CHECK(keys.signer == outer.signer);
  CHECK(keys.signer_proof == "abc");
  CHECK(keys.secrets_apart);
  CHECK(keys.credentials == "def");
  inner.settings.store_url = "s3://other";
  CHECK_FALSE(inner.decide().credentials.has_value());
}

}  // namespace
}  // namespace sluice::cli
