#include "agent/job_trust.hpp"

#include "agent/testing.hpp"
#include "store/key_settings.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <string>

namespace sluice::agent {
namespace {

SigningKey key_of(std::uint64_t number) {
  return *SigningKey::from_seed(store::testing::body_of(number, 32));
}

std::string id_of(const SigningKey& key) {
  return store::key_id_text(store::key_id_of(key.public_key()));
}

struct Job {
  Job() { machine.config.trusted_keys = store::public_key_text(key_of(1).public_key()); }
  JobTrust trust() const { return trust_of(machine.config, objects, machine.env); }

  testing::Machine machine;
  store::testing::MemoryObjects objects;
};

TEST_CASE("without keys everybody is believed") {
  Job job;
  job.machine.config.trusted_keys.clear();
  const JobTrust trust = job.trust();
  CHECK_FALSE(trust.fault.has_value());
  CHECK_FALSE(trust.trust.demands("trusted"));
  CHECK(trust.trust.domains == std::vector<std::string>{"trusted"});
  CHECK(trust_identity(job.machine.config).empty());
}

TEST_CASE("who can sign demands signatures everywhere") {
  Job job;
  job.machine.config.signer = id_of(key_of(1));
  job.machine.env.set("SLUICE_SIGNING_KEY", store::private_key_text(key_of(1)));
  const JobTrust trust = job.trust();
  CHECK_FALSE(trust.fault.has_value());
  REQUIRE(trust.trust.key != nullptr);
  CHECK(trust.trust.key->public_key() == key_of(1).public_key());
  CHECK(trust.trust.demands("trusted"));
  CHECK(trust.trust.demands("fork"));
  CHECK(trust.trust.memory != nullptr);
  CHECK(trust_identity(job.machine.config).size() == 16);
}

TEST_CASE("who cannot sign reads his own domain as it is, and never that of the others") {
  Job job;
  job.machine.config.domain = "fork";
  CHECK_FALSE(job.trust().trust.demands("fork"));
  CHECK(job.trust().trust.demands("trusted"));
  job.machine.config.read_only = true;
  CHECK(job.trust().trust.demands("fork"));
  job.machine.config.read_only = false;
  job.machine.config.domain = "trusted";
  CHECK(job.trust().trust.demands("trusted"));
}

TEST_CASE("a key that is gone or another one: read as ever, publish nothing") {
  Job job;
  job.machine.config.signer = id_of(key_of(1));
  CHECK(job.trust().fault.has_value());
  CHECK(job.trust().trust.key == nullptr);
  CHECK(job.trust().trust.demands("trusted"));
  job.machine.env.set("SLUICE_SIGNING_KEY", store::private_key_text(key_of(2)));
  REQUIRE(job.trust().fault.has_value());
  CHECK(job.trust().fault->code == Code::conflict);
}

TEST_CASE("keys that cannot be understood: nobody is believed") {
  Job job;
  job.machine.config.trusted_keys = "nonsense";
  CHECK(job.trust().trust.domains.empty());
  CHECK(job.trust().fault.has_value());
}

}  // namespace
}  // namespace sluice::agent
