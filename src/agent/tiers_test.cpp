#include "agent/tiers.hpp"

#include "agent/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {

using namespace testing;  // NOLINT(google-build-using-namespace)

TEST_CASE("tiers: a body goes into the local tier and is found there") {
  const Machine machine;
  Faults faults;
  Tiers tiers(machine.config);
  tiers.open(faults);
  const Bytes body = body_of(1, 100);
  auto* tier = tiers.writable(body.size(), faults);
  REQUIRE(tier != nullptr);
  CHECK(tiers.is_local(tier));
  REQUIRE(tier->put(action_of(1), sha256_as<BlobId>(body), body, 1));
  CHECK(tiers.find(action_of(1), faults));
  CHECK_FALSE(tiers.find(action_of(2), faults));
  CHECK(faults.empty());
}

TEST_CASE("tiers: after a refused write bodies go to the spill, then nowhere, and are found") {
  const Machine machine;
  Faults faults;
  Tiers tiers(machine.config);
  tiers.open(faults);
  auto* local = tiers.writable(10, faults);
  tiers.mark_failed(local);
  CHECK(tiers.local() == nullptr);
  auto* spill = tiers.writable(10, faults);
  REQUIRE(spill != nullptr);
  CHECK_FALSE(tiers.is_local(spill));
  const Bytes body = body_of(1, 10);
  REQUIRE(spill->put(action_of(1), sha256_as<BlobId>(body), body, 1));
  CHECK(tiers.find(action_of(1), faults));
  tiers.mark_failed(spill);
  CHECK(tiers.writable(10, faults) == nullptr);
  CHECK(tiers.lost_path(sha256_as<BlobId>(body)).ends_with("-d"));
}

TEST_CASE("tiers: a local tier that cannot be opened is one fault, and the spill serves") {
  Machine machine;
  machine.config.local_tier = machine.path() / "file";
  REQUIRE(sys::write_file_atomic(machine.config.local_tier, {}));
  Faults faults;
  Tiers tiers(machine.config);
  tiers.open(faults);
  CHECK(faults.at("local-tier").count == 1);
  CHECK(tiers.writable(10, faults) != nullptr);
}

}  // namespace sluice::agent
