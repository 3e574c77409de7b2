#include "agent/shared_path.hpp"

#include "agent/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

gotool::LocalHit stored(const Machine& machine, int number, std::string_view body) {
  const auto tier = machine.tier();
  const auto done =
      tier.put(action_of(number), sha256_as<BlobId>(bytes_of(body)), bytes_of(body), unix_now_ns());
  REQUIRE(done.has_value());
  const auto hit = tier.find(action_of(number));
  REQUIRE(hit.has_value());
  REQUIRE(hit->has_value());
  return **hit;
}

SharedPath shared(const Machine& machine) {
  AgentConfig config = machine.config;
  config.same_path = "/srv/sluice";
  config.shown_checkout = config.checkout;
  return {config, "/usr/local/go"};
}

}  // namespace

TEST_CASE("results and indexes need a proof, contents do not") {
  const Machine machine;
  const SharedPath path = shared(machine);
  CHECK(path.needs_proof(stored(machine, 1, "ok  \texample.org/p\t0.01s\n")));
  CHECK(path.needs_proof(
      stored(machine, 2, std::string(100'000, 'x') + "\nok  \texample.org/p\t0.01s\n")));
  CHECK_FALSE(path.needs_proof(stored(machine, 3, "!<arch>\nsomething")));
  CHECK_FALSE(path.needs_proof(stored(machine, 4, "# test log\nopen x\n")));
  CHECK_FALSE(path.needs_proof(stored(machine, 5, "anything")));
  CHECK_FALSE(path.needs_proof(stored(machine, 6, "")));
  // An index of one package that does not say where it lies; of several it is a module.
  const std::string head = "go index v2\n";
  CHECK(path.needs_proof(stored(machine, 7, head + std::string("\0\0\0\0\1\0\0\0", 8))));
  CHECK_FALSE(path.needs_proof(stored(machine, 8, head + std::string("\0\0\0\0\2\0\0\0", 8))));
}

TEST_CASE("a proof is of one checkout") {
  const Machine machine;
  const Machine other;
  const SharedPath path = shared(machine);
  CHECK(path.proof_of(action_of(1)) == shared(machine).proof_of(action_of(1)));
  CHECK(path.proof_of(action_of(1)) != path.proof_of(action_of(2)));
  CHECK(path.proof_of(action_of(1)) != shared(other).proof_of(action_of(1)));
  // Another directory at its place is another checkout.
  const ActionId before = path.proof_of(action_of(1));
  std::filesystem::rename(machine.config.checkout, machine.path() / "old");
  REQUIRE(sys::make_directories(machine.config.checkout));
  CHECK(shared(machine).proof_of(action_of(1)) != before);
}

TEST_CASE("the records of a place") {
  const ActionId any = place_record("example.org/m");
  CHECK(any == place_record("example.org/m"));
  CHECK(any != place_record("example.org/n"));
  const ActionId here = place_record("example.org/m", "/a", "/mod");
  CHECK(here != any);
  CHECK(here != place_record("example.org/m", "/b", "/mod"));
  CHECK(here != place_record("example.org/m", "/a", "/mod2"));
  CHECK(place_record("m", "/a\n2:/b", "") != place_record("m", "/a", "/b"));
  CHECK(decode_place_records(encode_place_records({any, here})) ==
        std::vector<ActionId>{any, here});
  CHECK(decode_place_records("").empty());
  CHECK(decode_place_records("xyz " + any.hex()) == std::vector<ActionId>{any});
}

}  // namespace sluice::agent
