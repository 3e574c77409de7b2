#include "store/gc_rewrite_plan.hpp"

#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace sluice::store {
namespace {

using Numbers = std::vector<std::uint32_t>;

constexpr std::uint64_t k_pack_size = 100'000;
constexpr std::uint32_t k_packs = 4;  // objects 1 to 4; object 0 is a manifest's

template <class Id>
Id id_of(std::uint64_t number) {
  return sha256_as<Id>(bytes_of(std::to_string(number)));
}

// Manifests of 1,000 bytes, each in a head of its own unless said otherwise.
struct Store {
  Store() {
    inventory.objects.push_back({{ObjectKind::manifest, {}}, 1000});
    for (std::uint8_t i = 1; i <= k_packs; ++i) {
      ObjectName name{ObjectKind::pack, {}};
      name.id[0] = std::byte{i};
      inventory.objects.push_back({name, k_pack_size});
    }
  }

  // What it needs of each pack.
  std::uint32_t add_manifest(const std::vector<std::pair<std::uint32_t, std::uint32_t>>& needs) {
    const auto number = static_cast<std::uint32_t>(inventory.manifests.size());
    GcManifest manifest{.id = id_of<ManifestId>(number), .object = 0};
    for (const auto& [pack, bytes] : needs) {
      manifest.names.push_back(pack);
      manifest.pack_bytes.push_back(bytes + static_cast<std::uint32_t>(k_pack_row_size_min));
      live.add({pack, next_ += 10, bytes, bytes * 3, id_of<BlobId>(next_), Encoding::zstd});
    }
    inventory.manifests.push_back(std::move(manifest));
    inventory.heads.push_back({.scope = std::to_string(number), .manifests = {number}});
    return number;
  }

  GcRewritePlan plan(const Numbers& unread = {}, std::uint64_t bytes_max = k_gc_rewrite_bytes_max) {
    return plan_rewriting(inventory, thin_packs(inventory, 25), live, unread, 25, bytes_max);
  }

  GcInventory inventory;
  GcLiveBlobs live;

 private:
  std::uint64_t next_ = 0;
};

TEST_CASE(
    "packs of which no manifest alone needs enough are looked at, and each blob counts once") {
  Store store;
  store.add_manifest({{1, 1000}, {2, 15'000}, {3, 30'000}});
  store.add_manifest({{2, 15'000}});
  CHECK(thin_packs(store.inventory, 25) == Numbers{1, 2});  // nobody names 4
  CHECK(manifests_naming(store.inventory, {2}) == Numbers{0, 1});
  GcRewritePlan plan = store.plan();
  CHECK(plan.packs == Numbers{1});  // both together need 30 % of 2
  CHECK(plan.manifests == Numbers{0});
  CHECK(plan.live_bytes == 1000 + k_pack_row_size_min + k_pack_frame_size);
  CHECK(plan.thin.rewritten == GcTally{1, k_pack_size});
  // What a head names that goes is not needed.
  store.inventory.heads[1].drop = GcDrop::age;
  Store other;
  other.add_manifest({{2, 15'000}});
  CHECK(other.plan().packs == Numbers{2});
  CHECK(thin_packs(store.inventory, 10) == Numbers{1});
}

TEST_CASE("what is signed by others is left") {
  Store store;
  store.add_manifest({{1, 1000}});
  store.add_manifest({{2, 1000}});
  store.add_manifest({{3, 1000}});
  store.inventory.manifests[0].is_fixed = true;
  store.inventory.heads[1].is_fixed = true;
  const GcRewritePlan plan = store.plan();
  CHECK(plan.packs == Numbers{3});
  CHECK(plan.thin.is_signed == GcTally{2, 2 * k_pack_size});
}

TEST_CASE("what does not pay, cannot be read or is too much is left") {
  Store store;
  store.add_manifest({{1, 1000}, {2, 1000}, {3, 1000}, {4, 1000}});
  CHECK(store.plan().packs == Numbers{1, 2, 3, 4});
  store.inventory.objects[0].size = 4 * k_pack_size;  // of the manifest
  CHECK(store.plan().packs.empty());
  CHECK(store.plan().thin.costly.objects == 4);
  store.inventory.objects[0].size = 3 * k_pack_size;
  CHECK(store.plan().packs.size() == 4);
  store.inventory.objects[0].size = 1000;
  CHECK(store.plan({0}).thin.faulty.objects == 4);
  // Its blobs decode to 3,000 bytes each; the manifest is written once.
  const GcRewritePlan two = store.plan({}, 7999);
  CHECK(two.packs.size() == 2);
  CHECK(two.thin.later.objects == 2);
}

TEST_CASE("blobs above the bound are those of the last packs") {
  GcLiveBlobs live(8);
  for (int round = 0; round < 5; ++round) {
    for (std::uint32_t pack = 1; pack <= 3; ++pack) {
      live.add({pack, 10, 5, 5, id_of<BlobId>(pack), Encoding::raw});
    }
  }
  CHECK(live.all().size() == 3);
  CHECK(live.end() > 3);
  for (std::uint64_t i = 0; i < 8; ++i) {
    live.add({static_cast<std::uint32_t>(2 + i), 100 + i, 5, 5, id_of<BlobId>(i), Encoding::raw});
  }
  CHECK(live.all().size() <= 4);
  REQUIRE(live.end() < 8);
  for (const GcLiveBlob& blob : live.all()) CHECK(blob.pack < live.end());
  Store store;
  store.add_manifest({{1, 1000}});
  GcLiveBlobs none(1);
  none.add({1, 16, 1000, 3000, id_of<BlobId>(1), Encoding::raw});
  const auto plan = plan_rewriting(store.inventory, {1}, none, {}, 25);
  CHECK(plan.packs.empty());
  CHECK(plan.thin.later.objects == 1);
}

}  // namespace
}  // namespace sluice::store
