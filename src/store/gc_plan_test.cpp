#include "store/gc_plan.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sluice::store {
namespace {

constexpr UnixNanos k_hour_ns = 3600LL * 1'000'000'000;
constexpr UnixNanos k_now_ns = 2'000'000 * k_hour_ns;
constexpr auto k_grace = std::chrono::hours(24);

ObjectName named(ObjectKind kind, std::uint8_t number) {
  ObjectName name{kind, {}};
  name.id[0] = std::byte{number};
  return name;
}

// Packs 0 to 4 of 100 bytes, manifests 0 to 2 of 10 bytes that name packs 0-1, 1-2 and 3, and a
// head for each, a day apart; pack 4 is nobody's.
GcInventory sample() {
  GcInventory inventory;
  for (std::uint8_t i = 0; i < 3; ++i) {
    inventory.objects.push_back({named(ObjectKind::manifest, i), 10});
    inventory.manifests.push_back({ManifestId{inventory.objects.back().name.id}, i, {}});
  }
  for (std::uint8_t i = 0; i < 5; ++i) {
    inventory.objects.push_back({named(ObjectKind::pack, i), 100});
  }
  inventory.manifests[0].names = {3, 4};
  inventory.manifests[1].names = {4, 5};
  inventory.manifests[2].names = {6};
  inventory.heads = {{"branch:h/o/r:main", k_now_ns - 1 * k_hour_ns, {0}},
                     {"pull-request:h/o/r:7", k_now_ns - 25 * k_hour_ns, {1}},
                     {"commit:h/o/r:abc", k_now_ns - 49 * k_hour_ns, {2}}};
  return inventory;
}

std::vector<GcDrop> drops_of(const GcInventory& inventory) {
  std::vector<GcDrop> drops;
  for (const GcHead& head : inventory.heads) drops.push_back(head.drop);
  return drops;
}

using Drops = std::vector<GcDrop>;
using Numbers = std::vector<std::uint32_t>;

TEST_CASE("heads go by age, by scope and by size") {
  GcInventory inventory = sample();
  CHECK(choose_heads(inventory, {}, k_now_ns) == 430);
  CHECK(drops_of(inventory) == Drops{GcDrop::kept, GcDrop::kept, GcDrop::kept});

  inventory = sample();
  GcPolicy policy;
  policy.age_max = std::chrono::hours(48);
  CHECK(choose_heads(inventory, policy, k_now_ns) == 320);
  CHECK(drops_of(inventory) == Drops{GcDrop::kept, GcDrop::kept, GcDrop::age});
  CHECK(inventory.heads[2].freed == 110);

  inventory = sample();
  policy = {};
  policy.drop_scopes = {"pull-request:*", "commit:h/o/r:x*"};
  CHECK(choose_heads(inventory, policy, k_now_ns) == 320);
  CHECK(drops_of(inventory) == Drops{GcDrop::kept, GcDrop::scope, GcDrop::kept});
  CHECK(inventory.heads[1].freed == 110);  // what the branch names too stays

  inventory = sample();
  policy = {};
  policy.size_max = 250;
  CHECK(choose_heads(inventory, policy, k_now_ns) == 210);
  CHECK(drops_of(inventory) == Drops{GcDrop::kept, GcDrop::size, GcDrop::size});
  policy.size_max = 0;
  inventory = sample();
  CHECK(choose_heads(inventory, policy, k_now_ns) == 0);
}

TEST_CASE("an object is doomed when it was unnamed for a grace period") {
  GcInventory inventory = sample();
  auto found = find_unnamed(inventory, {}, k_grace, k_now_ns);
  CHECK(found.candidates == Numbers{7});
  CHECK(found.doomed.empty());
  CHECK(found.since_ns == std::vector<UnixNanos>{k_gc_since_now});

  std::vector<GcCandidate> before = {{named(ObjectKind::pack, 4), k_now_ns - 23 * k_hour_ns}};
  CHECK(find_unnamed(inventory, before, k_grace, k_now_ns).doomed.empty());
  before[0].since_ns = k_now_ns - 24 * k_hour_ns;
  CHECK(find_unnamed(inventory, before, k_grace, k_now_ns).doomed == Numbers{7});
  // Named again meanwhile.
  inventory.manifests[2].names.push_back(7);
  CHECK(find_unnamed(inventory, before, k_grace, k_now_ns).candidates.empty());
}

TEST_CASE("a manifest keeps what it names until it goes itself") {
  GcInventory inventory = sample();
  inventory.heads[2].drop = GcDrop::age;
  auto found = find_unnamed(inventory, {}, k_grace, k_now_ns);
  CHECK(found.candidates == Numbers{2, 7});  // the manifest, and not yet its pack
  const std::vector<GcCandidate> before = {
      {named(ObjectKind::manifest, 2), k_now_ns - 30 * k_hour_ns}};
  found = find_unnamed(inventory, before, k_grace, k_now_ns);
  CHECK(found.candidates == Numbers{2, 6, 7});
  CHECK(found.doomed == Numbers{2});
}

TEST_CASE("what a sweep has passed or was removing begins anew") {
  GcState state;
  state.doomed_before_ns = k_now_ns - k_hour_ns;
  state.swept_below = named(ObjectKind::pack, 2);
  state.batches = {{k_now_ns, {named(ObjectKind::pack, 3)}}};
  const std::vector<GcCandidate> list = {
      {named(ObjectKind::pack, 0), k_now_ns - 2 * k_hour_ns},  // swept
      {named(ObjectKind::pack, 1), k_now_ns},                  // was not doomed then
      {named(ObjectKind::pack, 2), k_now_ns - 2 * k_hour_ns},  // not reached yet
      {named(ObjectKind::pack, 3), k_now_ns - 2 * k_hour_ns},  // being removed
      {named(ObjectKind::pack, 4), k_now_ns + 9 * k_hour_ns},  // by a wrong clock
  };
  const auto standing = standing_candidates(state, list, k_now_ns);
  REQUIRE(standing.size() == 3);
  CHECK(standing[0] == list[1]);
  CHECK(standing[1] == list[2]);
  CHECK(standing[2].since_ns == k_now_ns);
}

TEST_CASE("nothing that a kept head names is ever a candidate") {
  rc::check([](const std::vector<std::vector<std::uint8_t>>& manifests,
               const std::vector<std::vector<std::uint8_t>>& heads, std::uint16_t size_max) {
    GcInventory inventory;
    for (std::uint8_t i = 0; i < 20; ++i) {
      inventory.objects.push_back({named(ObjectKind::pack, i), 1U + i});
    }
    for (const auto& names : manifests) {
      GcManifest manifest;
      for (const std::uint8_t name : names) manifest.names.push_back(name % 20U);
      std::ranges::sort(manifest.names);
      const auto twice = std::ranges::unique(manifest.names);
      manifest.names.erase(twice.begin(), twice.end());
      inventory.manifests.push_back(std::move(manifest));
    }
    for (std::size_t i = 0; i < heads.size() && !manifests.empty(); ++i) {
      GcHead head{"branch:" + std::to_string(i), static_cast<UnixNanos>(i), {}};
      for (const std::uint8_t each : heads[i]) {
        head.manifests.push_back(static_cast<std::uint32_t>(each % manifests.size()));
      }
      std::ranges::sort(head.manifests);
      const auto twice = std::ranges::unique(head.manifests);
      head.manifests.erase(twice.begin(), twice.end());
      inventory.heads.push_back(std::move(head));
    }
    GcPolicy policy;
    policy.age_max = std::chrono::hours(24 * 365 * 200);
    policy.size_max = size_max % 300U;
    const std::uint64_t live = choose_heads(inventory, policy, k_now_ns);
    RC_ASSERT(live <= *policy.size_max);
    std::vector<bool> is_live(20);
    std::uint64_t sum = 0;
    for (const GcHead& head : inventory.heads) {
      if (head.drop != GcDrop::kept) continue;
      for (const auto manifest : head.manifests) {
        for (const auto object : inventory.manifests[manifest].names) {
          if (!is_live[object]) sum += inventory.objects[object].size;
          is_live[object] = true;
        }
      }
    }
    RC_ASSERT(sum == live);
    for (const auto object : find_unnamed(inventory, {}, k_grace, k_now_ns).candidates) {
      RC_ASSERT(!is_live[object]);
    }
  });
}

TEST_CASE("classes of scopes") {
  CHECK(scope_class("branch:github.com/o/r:main") == "branch");
  CHECK(scope_class("odd") == "odd");
}

}  // namespace
}  // namespace sluice::store
