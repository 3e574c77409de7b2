#include "store/scope_reader.hpp"

#include "store/head.hpp"
#include "store/layout.hpp"
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

const Scope k_commit{ScopeKind::commit, "commit:1"};
const Scope k_branch{ScopeKind::branch, "branch:main"};
const Scope k_tier{ScopeKind::tier_l1, "l1"};

Entry entry_of(std::uint64_t number, std::string domain = "trusted") {
  const Bytes body = body_of(number, 100);
  Entry entry{testing::record_of(action_of(number), body), {}};
  entry.location.where = Location::Where::alone;
  entry.location.stored_size = body.size();
  entry.location.domain = std::move(domain);
  return entry;
}

// Writes a manifest into the heads of `scopes`.
ManifestId publish(MemoryObjects& objects, const std::vector<Scope>& scopes,
                   const std::string& job_name, std::vector<Entry> entries, bool inlined = true,
                   const std::string& domain = "trusted") {
  Manifest manifest;
  manifest.info.domain = domain;
  manifest.info.job_name = job_name;
  manifest.entries = std::move(entries);
  const Bytes bytes = *encode_manifest(manifest);
  ManifestRef ref;
  ref.id = manifest_id(bytes);
  ref.size = bytes.size();
  ref.records = manifest.entries.size();
  ref.job_name = job_name;
  if (inlined) ref.inlined = bytes;
  objects.set(manifest_key(domain, ref.id), bytes);
  for (const Scope& scope : scopes) {
    const std::string key = head_key(domain, scope.name);
    Head head;
    head.domain = domain;
    head.scope_name = scope.name;
    if (!objects.keys(key).empty()) head = *decode_head(objects.bytes_at(key));
    add_to_head(head, ref, 1);
    objects.set(key, *encode_head(head));
  }
  return ref.id;
}

std::vector<std::string> names_of(const LoadedScopes& loaded) {
  std::vector<std::string> names;
  for (const LoadedManifest& one : loaded.manifests) names.push_back(one.manifest.info.job_name);
  return names;
}

using Names = std::vector<std::string>;

TEST_CASE("nothing there is no fault") {
  MemoryObjects objects;
  const LoadedScopes loaded = load_scopes(objects, {"trusted"}, {k_commit, k_branch}, soon());
  CHECK(loaded.manifests.empty());
  CHECK(loaded.faults.empty());
  CHECK(objects.gets() == 2);
}

TEST_CASE("best scope first, newest first, each once, in as few requests as can be") {
  MemoryObjects objects;
  publish(objects, {k_branch}, "old", {entry_of(1)});
  publish(objects, {k_branch, k_commit, k_tier}, "shared", {entry_of(2)}, false);
  publish(objects, {k_branch}, "new", {entry_of(3)});
  publish(objects, {k_tier}, "tier", {entry_of(4)});
  const LoadedScopes loaded =
      load_scopes(objects, {"trusted"}, {k_commit, k_branch, k_tier}, soon());
  CHECK(loaded.faults.empty());
  CHECK(names_of(loaded) == Names{"shared", "new", "old", "tier"});
  CHECK(loaded.manifests[0].from == ScopeKind::commit);
  CHECK(loaded.manifests[1].from == ScopeKind::branch);
  CHECK(objects.gets() == 3);
  CHECK(objects.ranges() == 1);
}

TEST_CASE("entries that lie in another domain are dropped with a fault") {
  MemoryObjects objects;
  publish(objects, {k_branch}, "a", {entry_of(1), entry_of(2, "fork"), entry_of(3)});
  const LoadedScopes loaded = load_scopes(objects, {"trusted"}, {k_branch}, soon());
  REQUIRE(loaded.manifests.size() == 1);
  CHECK(loaded.manifests[0].manifest.entries == std::vector<Entry>{entry_of(1), entry_of(3)});
  CHECK(loaded.faults.size() == 1);
  const LoadedScopes both = load_scopes(objects, {"fork", "trusted"}, {k_branch}, soon());
  CHECK(both.manifests[0].manifest.entries.size() == 3);
  CHECK(both.faults.empty());
}

TEST_CASE("what was written for another domain or scope is refused") {
  MemoryObjects objects;
  publish(objects, {k_branch}, "a", {entry_of(1, "fork")}, false, "fork");
  // Copied under the trusted prefix by somebody who may write there by mistake.
  for (const std::string& key : objects.keys("fork/")) {
    objects.set("trusted" + key.substr(4), objects.bytes_at(key));
  }
  CHECK(load_scopes(objects, {"trusted"}, {k_branch}, soon()).manifests.empty());
  CHECK(load_scopes(objects, {"trusted"}, {k_branch}, soon()).faults.size() == 1);
  publish(objects, {k_commit}, "b", {entry_of(2)});
  objects.set(head_key("trusted", k_tier.name),
              objects.bytes_at(head_key("trusted", k_commit.name)));
  const LoadedScopes moved = load_scopes(objects, {"trusted"}, {k_tier}, soon());
  CHECK(moved.manifests.empty());
  CHECK(moved.faults.size() == 1);
}

TEST_CASE("a manifest that is gone, damaged or another one is a fault, the rest goes on") {
  MemoryObjects objects;
  const ManifestId gone = publish(objects, {k_branch}, "gone", {entry_of(1)}, false);
  const ManifestId bad = publish(objects, {k_branch}, "bad", {entry_of(2)}, false);
  const ManifestId other = publish(objects, {k_branch}, "other", {entry_of(3)}, false);
  publish(objects, {k_branch}, "good", {entry_of(4)});
  const Bytes good_other = objects.bytes_at(manifest_key("trusted", other));
  objects.erase(manifest_key("trusted", gone));
  Bytes damaged = objects.bytes_at(manifest_key("trusted", bad));
  damaged.back() ^= std::byte{4};
  objects.set(manifest_key("trusted", bad), damaged);
  const LoadedScopes loaded = load_scopes(objects, {"trusted"}, {k_branch}, soon());
  CHECK(names_of(loaded) == Names{"good", "other"});
  CHECK(loaded.faults.size() == 2);
  for (const Error& fault : loaded.faults) {
    CHECK(fault.message.find("manifest") != std::string::npos);
    CHECK(fault.message.find('\n') == std::string::npos);
  }
}

TEST_CASE("a version that is not known is told as such") {
  MemoryObjects objects;
  publish(objects, {k_branch}, "a", {entry_of(1)});
  const std::string key = head_key("trusted", k_branch.name);
  Bytes newer = objects.bytes_at(key);
  newer[k_magic_size] = std::byte{7};
  objects.set(key, newer);
  const LoadedScopes loaded = load_scopes(objects, {"trusted"}, {k_branch}, soon());
  CHECK(loaded.manifests.empty());
  REQUIRE(loaded.faults.size() == 1);
  CHECK(loaded.faults[0].code == Code::unsupported);
  CHECK(loaded.faults[0].message.find("version 7 is newer than this sluice knows (1)") !=
        std::string::npos);
}

TEST_CASE("a store that fails is a fault for each scope, and the deadline holds") {
  MemoryObjects objects;
  publish(objects, {k_branch, k_tier}, "a", {entry_of(1)});
  objects.before_get = [](std::string_view key) -> Result<void> {
    if (key == head_key("trusted", k_branch.name)) return fail(Code::unavailable, "down");
    return {};
  };
  const LoadedScopes half = load_scopes(objects, {"trusted"}, {k_branch, k_tier}, soon());
  CHECK(half.manifests.size() == 1);
  CHECK(half.faults.size() == 1);
  const LoadedScopes late = load_scopes(objects, {"trusted"}, {k_branch, k_tier},
                                        Deadline::after(std::chrono::milliseconds(-1)));
  CHECK(late.manifests.empty());
  CHECK(late.faults.size() == 2);
}

TEST_CASE("a head that announces more records than a job takes is cut, best first") {
  MemoryObjects objects;
  publish(objects, {k_branch}, "small", {entry_of(1)});
  const std::string key = head_key("trusted", k_branch.name);
  Head head = *decode_head(objects.bytes_at(key));
  for (int i = 0; i < 3; ++i) {
    ManifestRef ref;
    ref.id = sha256_as<ManifestId>(bytes_of(std::to_string(i)));
    ref.size = 1000;
    ref.records = k_loaded_records_max - 1;
    ref.job_name = std::to_string(i);
    head.manifests.push_back(ref);
  }
  objects.set(key, *encode_head(head));
  const LoadedScopes loaded = load_scopes(objects, {"trusted"}, {k_branch}, soon());
  CHECK(names_of(loaded) == Names{"small"});
  CHECK_FALSE(loaded.faults.empty());
}

}  // namespace
}  // namespace sluice::store
