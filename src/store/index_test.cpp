#include "store/index.hpp"

#include "store/testing.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sluice::store {
namespace {

using testing::action_of;
using testing::body_of;

// Of one action, as scope number `maker` saw it.
Entry entry_of(std::uint64_t action, std::uint64_t maker) {
  const Bytes body = body_of(action * 100 + maker, 50);
  Entry entry{testing::record_of(action_of(action), body), {}};
  entry.location.where = Location::Where::alone;
  entry.location.stored_size = body.size();
  entry.location.domain = "trusted";
  return entry;
}

Entry empty_of(std::uint64_t action) {
  Entry entry;
  entry.record.action = action_of(action);
  entry.record.output = k_empty_blob;
  return entry;
}

Manifest manifest_of(std::vector<Entry> entries) {
  Manifest manifest;
  manifest.info.domain = "trusted";
  manifest.entries = std::move(entries);
  return manifest;
}

std::vector<Entry> all_of(const Index& index) {
  std::vector<Entry> entries;
  for (const Entry* entry : index.in_use_order()) entries.push_back(*entry);
  return entries;
}

TEST_CASE("the first record of an action wins, order is that of the manifests") {
  Index index;
  CHECK(index.empty());
  index.add(manifest_of({entry_of(1, 0), empty_of(2)}), ScopeKind::commit);
  index.add(manifest_of({entry_of(3, 1), entry_of(1, 1), entry_of(2, 1)}), ScopeKind::branch);
  CHECK(all_of(index) == std::vector<Entry>{entry_of(1, 0), empty_of(2), entry_of(3, 1)});
  CHECK(index.size() == 3);
  CHECK(*index.find(action_of(1)) == entry_of(1, 0));
  CHECK(index.scope_of(*index.find(action_of(1))) == ScopeKind::commit);
  CHECK(index.scope_of(*index.find(action_of(3))) == ScopeKind::branch);
  CHECK(index.find(action_of(4)) == nullptr);
}

TEST_CASE("what was written since is added, and locates anew what it says otherwise") {
  Index index;
  index.add(manifest_of({entry_of(1, 0), entry_of(2, 0)}), ScopeKind::branch);
  Entry moved = entry_of(2, 0);
  moved.location.domain = "other";
  const Index next =
      index.with(manifest_of({entry_of(1, 0), entry_of(3, 0), moved}), ScopeKind::commit);
  CHECK(all_of(next) == std::vector<Entry>{entry_of(1, 0), moved, entry_of(3, 0)});
  CHECK(next.scope_of(*next.find(action_of(1))) == ScopeKind::branch);
  CHECK(next.scope_of(*next.find(action_of(2))) == ScopeKind::commit);
  CHECK(next.scope_of(*next.find(action_of(3))) == ScopeKind::commit);
  CHECK(*next.locate(moved.record.output) == moved.location);
  CHECK(index.size() == 2);
}

TEST_CASE("blobs are located whatever action leads to them, the empty one nowhere") {
  Index index;
  Entry other = entry_of(1, 0);
  other.record.action = action_of(9);
  index.add(manifest_of({entry_of(1, 0), other, empty_of(2)}), ScopeKind::commit);
  REQUIRE(index.locate(other.record.output) != nullptr);
  CHECK(*index.locate(other.record.output) == other.location);
  CHECK(index.locate(k_empty_blob) == nullptr);
  CHECK(index.locate(entry_of(5, 5).record.output) == nullptr);
}

TEST_CASE("a moved index keeps its entries where they are") {
  Index index;
  index.add(manifest_of({entry_of(1, 0)}), ScopeKind::commit);
  const Entry* entry = index.find(action_of(1));
  const Index moved = std::move(index);
  CHECK(moved.find(action_of(1)) == entry);
  CHECK(moved.in_use_order().front() == entry);
}

TEST_CASE("a copy of another version or of something else is refused") {
  Index index;
  index.add(manifest_of({entry_of(1, 0)}), ScopeKind::commit);
  Bytes bytes = *index.encode();
  CHECK(Index::decode(Bytes()).error().code == Code::corrupt);
  CHECK(Index::decode(*encode_manifest(manifest_of({}))).error().code == Code::corrupt);
  bytes[8] = std::byte{9};
  CHECK(Index::decode(bytes).error().code == Code::unsupported);
}

TEST_CASE("an index against a map, before and after its copy on disk") {
  CHECK(rc::check("union", [] {
    std::map<ActionId, std::pair<Entry, ScopeKind>> model;
    Index index;
    const auto manifests = *rc::gen::inRange<std::uint64_t>(0, 6);
    for (std::uint64_t i = 0; i < manifests; ++i) {
      const auto scope = static_cast<ScopeKind>(*rc::gen::inRange<int>(0, k_scope_kind_last + 1));
      std::vector<Entry> entries;
      for (const auto action : *rc::gen::container<std::vector<std::uint64_t>>(
               rc::gen::inRange<std::uint64_t>(0, 12))) {
        entries.push_back(action % 3 == 0 ? empty_of(action) : entry_of(action, i));
        model.try_emplace(action_of(action), entries.back(), scope);
      }
      index.add(manifest_of(std::move(entries)), scope);
    }
    const auto same = [&](const Index& one) {
      RC_ASSERT(one.size() == model.size());
      for (const auto& [action, expected] : model) {
        const Entry* entry = one.find(action);
        RC_ASSERT(entry != nullptr);
        RC_ASSERT(*entry == expected.first);
        RC_ASSERT(one.scope_of(*entry) == expected.second);
      }
    };
    same(index);
    const auto bytes = index.encode();
    RC_ASSERT(bytes.has_value());
    const auto back = Index::decode(*bytes);
    RC_ASSERT(back.has_value());
    same(*back);
    RC_ASSERT(all_of(*back) == all_of(index));
  }));
}

}  // namespace
}  // namespace sluice::store
