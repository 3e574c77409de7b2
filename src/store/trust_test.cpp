#include "store/trust.hpp"

#include "store/layout.hpp"
#include "store/publisher.hpp"
#include "store/scope_reader.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace sluice::store {
namespace {

using testing::action_of;
using testing::body_of;
using testing::MemoryObjects;
using testing::soon;

const Scope k_scope{ScopeKind::branch, "branch:github.com/o/r:main"};
const std::string k_head = head_key("trusted", k_scope.name);

SigningKey key_of(std::uint64_t number) { return *SigningKey::from_seed(body_of(number, 32)); }

// A job that signs with this key and believes it alone.
Trust trust_of(std::uint64_t number) {
  Trust trust{"trusted"};
  trust.keys.trust(key_of(number).public_key());
  trust.key = std::make_shared<const SigningKey>(key_of(number));
  return trust;
}

// One that reads what that job writes, and cannot sign.
Trust reader_of(std::uint64_t number) {
  Trust trust = trust_of(number);
  trust.key = nullptr;
  trust.domains = {"fork", "trusted"};
  trust.unsigned_domain = "fork";
  return trust;
}

void publish(MemoryObjects& objects, const testing::Files& files, const Trust& trust, int number,
             const std::string& domain = "trusted") {
  PublishOptions options;
  options.domain = domain;
  options.staging = files.staging();
  options.trust = trust;
  Publisher publisher(objects, options, nullptr);
  const Bytes body = body_of(static_cast<std::uint64_t>(number), 500);
  const Record record = testing::record_of(action_of(static_cast<std::uint64_t>(number)), body);
  REQUIRE(publisher.add_bytes(record, body, soon()).has_value());
  REQUIRE(publisher.flush(soon()).has_value());
  ManifestInfo info;
  info.job_name = "job " + std::to_string(number);
  REQUIRE(publisher.publish(info, {record}, {k_scope}, soon()).value().has_value());
}

std::vector<std::string> jobs_of(const LoadedScopes& loaded) {
  std::vector<std::string> names;
  for (const LoadedManifest& one : loaded.manifests) names.push_back(one.manifest.info.job_name);
  return names;
}
using Names = std::vector<std::string>;

std::string fault_of(const LoadedScopes& loaded) {
  REQUIRE(loaded.faults.size() == 1);
  CHECK(loaded.faults[0].code == Code::untrusted);
  return loaded.faults[0].message;
}

TEST_CASE("signed by one of ours: read, also by who cannot sign") {
  MemoryObjects objects;
  const testing::Files files;
  publish(objects, files, trust_of(1), 1);
  publish(objects, files, trust_of(1), 2);
  for (const Trust& trust : {trust_of(1), reader_of(1), Trust{"trusted"}}) {
    const LoadedScopes loaded = load_scopes(objects, trust, {k_scope}, soon());
    CHECK(jobs_of(loaded) == Names{"job 2", "job 1"});
    CHECK(loaded.faults.empty());
  }
}

TEST_CASE("unsigned, and signed by somebody else: left out with a reason") {
  MemoryObjects objects;
  const testing::Files files;
  publish(objects, files, Trust{"trusted"}, 1);
  const LoadedScopes bare = load_scopes(objects, trust_of(1), {k_scope}, soon());
  CHECK(bare.manifests.empty());
  CHECK(fault_of(bare).ends_with("it is not signed"));
  MemoryObjects others;
  publish(others, files, trust_of(2), 1);
  const LoadedScopes foreign = load_scopes(others, trust_of(1), {k_scope}, soon());
  CHECK(foreign.manifests.empty());
  CHECK(fault_of(foreign).ends_with("which is not trusted here"));
}

TEST_CASE("an unsigned manifest in a signed head is left out, and the others are not") {
  MemoryObjects objects;
  const testing::Files files;
  Trust careless = trust_of(1);
  publish(objects, files, careless, 1);
  Manifest planted;
  planted.info.domain = "trusted";
  planted.info.job_name = "planted";
  const Bytes bytes = *encode_manifest(planted);
  ManifestRef ref;
  ref.id = manifest_id(bytes);
  ref.size = bytes.size();
  ref.job_name = "planted";
  ref.inlined = bytes;
  REQUIRE(update_head(objects, "trusted", k_scope, ref, soon(), careless).has_value());
  const LoadedScopes loaded = load_scopes(objects, trust_of(1), {k_scope}, soon());
  CHECK(jobs_of(loaded) == Names{"job 1"});
  CHECK(fault_of(loaded).ends_with("it is not signed"));
}

TEST_CASE("what a revoked key signed is left out, and a retired one's is not") {
  MemoryObjects objects;
  const testing::Files files;
  publish(objects, files, trust_of(1), 1);
  Trust rotated = trust_of(2);
  rotated.keys.trust(key_of(1).public_key());
  publish(objects, files, rotated, 2);
  CHECK(jobs_of(load_scopes(objects, rotated, {k_scope}, soon())) == Names{"job 2", "job 1"});
  rotated.keys.revoke(key_id_of(key_of(1).public_key()));
  const LoadedScopes loaded = load_scopes(objects, rotated, {k_scope}, soon());
  CHECK(jobs_of(loaded) == Names{"job 2"});
  CHECK(fault_of(loaded).ends_with("which is revoked"));
}

TEST_CASE("a job without a key reads its own domain as it is, and no other so") {
  MemoryObjects objects;
  const testing::Files files;
  publish(objects, files, Trust{"fork"}, 1, "fork");
  publish(objects, files, Trust{"trusted"}, 2);
  const LoadedScopes loaded = load_scopes(objects, reader_of(1), {k_scope}, soon());
  CHECK(jobs_of(loaded) == Names{"job 1"});
  CHECK(fault_of(loaded).ends_with("it is not signed"));
}

TEST_CASE("a writer keeps nothing of a head that is not believed, and begins above it") {
  MemoryObjects objects;
  const testing::Files files;
  publish(objects, files, trust_of(1), 1);
  const std::uint64_t before = decode_head(objects.bytes_at(k_head))->counter;
  Head planted;
  planted.domain = "trusted";
  planted.scope_name = k_scope.name;
  planted.counter = ~0ULL;
  ManifestRef ref;
  ref.job_name = "planted";
  planted.manifests.push_back(ref);
  objects.set(k_head, *encode_head(planted));
  publish(objects, files, trust_of(1), 2);
  const Head after = *decode_head(objects.bytes_at(k_head));
  REQUIRE(after.manifests.size() == 1);
  CHECK(after.manifests[0].job_name == "job 2");
  CHECK(after.counter >= before);
  CHECK(after.counter < ~0ULL);
  // One that says it is of a later version too: nobody believed has written it.
  Bytes later = *encode_head(planted);
  later[8] = std::byte{9};
  objects.set(k_head, later);
  publish(objects, files, trust_of(1), 3);
  CHECK(decode_head(objects.bytes_at(k_head))->manifests[0].job_name == "job 3");
}

TEST_CASE("an older head that is put back is noticed by who has seen the newer one") {
  for (const Capabilities can :
       {Capabilities{true, true, true}, Capabilities{false, false, true}}) {
    MemoryObjects objects(can);
    const testing::Files files;
    Trust trust = trust_of(1);
    trust.memory = std::make_shared<HeadMemory>(files.path() / "heads");
    publish(objects, files, trust, 1);
    CHECK(load_scopes(objects, trust, {k_scope}, soon()).faults.empty());
    const Bytes old = objects.bytes_at(k_head);
    publish(objects, files, trust, 2);
    CHECK(load_scopes(objects, trust, {k_scope}, soon()).faults.empty());
    objects.set(k_head, old);
    trust.memory = std::make_shared<HeadMemory>(files.path() / "heads");  // another job
    const LoadedScopes replayed = load_scopes(objects, trust, {k_scope}, soon());
    CHECK(replayed.manifests.empty());
    CHECK(fault_of(replayed).find("an older one was put back") != std::string::npos);
    // Who has no memory cannot tell.
    CHECK(jobs_of(load_scopes(objects, trust_of(1), {k_scope}, soon())) == Names{"job 1"});
    // The next job's head is newer than all.
    publish(objects, files, trust, 3);
    const LoadedScopes after = load_scopes(objects, trust, {k_scope}, soon());
    CHECK(jobs_of(after) == Names{"job 3"});
    CHECK(after.faults.empty());
  }
}

TEST_CASE("a head of another scope or domain, signed by ours, is refused where it is put") {
  MemoryObjects objects;
  const testing::Files files;
  publish(objects, files, trust_of(1), 1);
  const Scope other{ScopeKind::branch, "branch:github.com/o/r:release"};
  objects.set(head_key("trusted", other.name), objects.bytes_at(k_head));
  const LoadedScopes moved = load_scopes(objects, trust_of(1), {other}, soon());
  CHECK(moved.manifests.empty());
  REQUIRE(moved.faults.size() == 1);
  CHECK(moved.faults[0].message.ends_with("it is the head of another scope"));
  objects.set(head_key("release", k_scope.name), objects.bytes_at(k_head));
  Trust elsewhere = trust_of(1);
  elsewhere.domains = {"release"};
  CHECK(load_scopes(objects, elsewhere, {k_scope}, soon()).manifests.empty());
}

}  // namespace
}  // namespace sluice::store
