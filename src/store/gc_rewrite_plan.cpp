#include "store/gc_rewrite_plan.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace sluice::store {

namespace {

bool is_below_share(std::uint64_t live, std::uint64_t size, unsigned live_percent) {
  return live * 100 < size * live_percent;
}

std::vector<bool> named_by_kept_heads(const GcInventory& inventory) {
  std::vector<bool> named(inventory.manifests.size());
  for (const GcHead& head : inventory.heads) {
    if (head.drop != GcDrop::kept) continue;
    for (const std::uint32_t manifest : head.manifests) named[manifest] = true;
  }
  return named;
}

// Manifests whose place in some kept head nobody here can give to another.
std::vector<bool> fixed_manifests(const GcInventory& inventory) {
  std::vector<bool> fixed(inventory.manifests.size());
  for (std::size_t i = 0; i < fixed.size(); ++i) fixed[i] = inventory.manifests[i].is_fixed;
  for (const GcHead& head : inventory.heads) {
    if (head.drop != GcDrop::kept || !head.is_fixed) continue;
    for (const std::uint32_t manifest : head.manifests) fixed[manifest] = true;
  }
  return fixed;
}

// What one pack that is mostly dead is about.
struct Thin {
  std::uint32_t pack = 0;
  std::uint64_t size = 0;
  std::uint64_t live = 0;
  std::uint64_t decoded = 0;
  std::vector<std::uint32_t> manifests = {};
  std::uint64_t cost = 0;
  bool is_fixed = false;
  bool is_unread = false;

  std::uint64_t freed() const { return size - live; }
};

// Those that are mostly dead indeed, now that each blob counts once; ascending.
std::vector<Thin> mostly_dead(const GcInventory& inventory, const std::vector<std::uint32_t>& thin,
                              GcLiveBlobs& live, unsigned live_percent, GcTally& later) {
  std::vector<Thin> dead;
  const std::span<const GcLiveBlob> blobs = live.all();
  auto at = blobs.begin();
  for (const std::uint32_t pack : thin) {
    Thin one{.pack = pack, .size = inventory.objects[pack].size, .live = k_pack_frame_size};
    for (; at != blobs.end() && at->pack == pack; ++at) {
      one.live += at->stored_size + k_pack_row_size_min;
      one.decoded += at->size;
    }
    if (pack >= live.end()) {
      later.add(one.size);
    } else if (is_below_share(one.live, one.size, live_percent)) {
      dead.push_back(std::move(one));
    }
  }
  return dead;
}

template <class Visit>
void each_pack(const GcInventory& inventory, std::uint32_t manifest, const Visit& visit) {
  for (const std::uint32_t object : inventory.manifests[manifest].names) {
    if (inventory.objects[object].name.kind == ObjectKind::pack) visit(object);
  }
}

std::uint64_t size_of(const GcInventory& inventory, std::uint32_t manifest) {
  const auto object = inventory.manifests[manifest].object;
  return object ? inventory.objects[*object].size : 0;
}

// Each with the manifests that name it, and its part of what they cost.
void add_manifests(const GcInventory& inventory, const std::vector<std::uint32_t>& unread,
                   std::vector<Thin>& dead) {
  const std::vector<bool> named = named_by_kept_heads(inventory);
  const std::vector<bool> fixed = fixed_manifests(inventory);
  std::vector<Thin*> here;
  for (std::uint32_t manifest = 0; manifest < inventory.manifests.size(); ++manifest) {
    if (!named[manifest]) continue;
    here.clear();
    each_pack(inventory, manifest, [&](std::uint32_t pack) {
      const auto at = std::ranges::lower_bound(dead, pack, {}, &Thin::pack);
      if (at != dead.end() && at->pack == pack) here.push_back(&*at);
    });
    const bool is_unread = std::ranges::binary_search(unread, manifest);
    for (Thin* one : here) {
      one->manifests.push_back(manifest);
      one->cost += size_of(inventory, manifest) / here.size();
      one->is_fixed = one->is_fixed || fixed[manifest];
      one->is_unread = one->is_unread || is_unread;
    }
  }
}

}  // namespace

void GcLiveBlobs::add(const GcLiveBlob& blob) {
  if (blob.pack >= end_) return;
  blobs_.push_back(blob);
  if (blobs_.size() >= max_) compact();
}

const std::vector<GcLiveBlob>& GcLiveBlobs::all() {
  compact();
  return blobs_;
}

void GcLiveBlobs::compact() {
  std::ranges::sort(blobs_);
  const auto twice = std::ranges::unique(blobs_);
  blobs_.erase(twice.begin(), twice.end());
  // Half of the room is free afterwards, so that sorting stays rare.
  if (blobs_.size() <= max_ / 2) return;
  end_ = blobs_[max_ / 2].pack;
  std::erase_if(blobs_, [this](const GcLiveBlob& blob) { return blob.pack >= end_; });
}

std::vector<std::uint32_t> thin_packs(const GcInventory& inventory, unsigned live_percent) {
  // Of each pack what the manifest needs that needs most of it; nobody's pack needs nothing.
  std::vector<std::uint32_t> needed(inventory.objects.size());
  const std::vector<bool> named = named_by_kept_heads(inventory);
  for (std::uint32_t manifest = 0; manifest < named.size(); ++manifest) {
    if (!named[manifest]) continue;
    const auto& bytes = inventory.manifests[manifest].pack_bytes;
    std::size_t i = 0;
    each_pack(inventory, manifest, [&](std::uint32_t pack) {
      if (i < bytes.size()) needed[pack] = std::max(needed[pack], bytes[i++]);
    });
  }
  std::vector<std::uint32_t> thin;
  for (std::uint32_t object = 0; object < needed.size(); ++object) {
    if (needed[object] == 0) continue;
    const std::uint64_t live = needed[object] + k_pack_frame_size;
    if (is_below_share(live, inventory.objects[object].size, live_percent)) thin.push_back(object);
  }
  return thin;
}

std::vector<std::uint32_t> manifests_naming(const GcInventory& inventory,
                                            const std::vector<std::uint32_t>& packs) {
  const std::vector<bool> named = named_by_kept_heads(inventory);
  std::vector<std::uint32_t> found;
  for (std::uint32_t manifest = 0; manifest < named.size(); ++manifest) {
    if (!named[manifest]) continue;
    bool names_one = false;
    each_pack(inventory, manifest, [&](std::uint32_t pack) {
      names_one = names_one || std::ranges::binary_search(packs, pack);
    });
    if (names_one) found.push_back(manifest);
  }
  return found;
}

GcRewritePlan plan_rewriting(const GcInventory& inventory, const std::vector<std::uint32_t>& thin,
                             GcLiveBlobs& live, const std::vector<std::uint32_t>& unread,
                             unsigned live_percent, std::uint64_t bytes_max) {
  GcRewritePlan plan;
  std::vector<Thin> dead = mostly_dead(inventory, thin, live, live_percent, plan.thin.later);
  add_manifests(inventory, unread, dead);
  // What frees most for what it costs comes first.
  std::ranges::sort(dead, {}, [](const Thin& one) {
    const double costs = static_cast<double>(one.live + one.cost);
    return std::pair(costs / static_cast<double>(one.freed()), one.pack);
  });
  std::vector<bool> chosen(inventory.manifests.size());
  std::uint64_t bytes = 0;
  for (const Thin& one : dead) {
    std::uint64_t more = one.decoded;
    for (const std::uint32_t each : one.manifests) {
      if (!chosen[each]) more += size_of(inventory, each);
    }
    if (one.is_fixed) {
      plan.thin.is_signed.add(one.size);
    } else if (one.is_unread || one.decoded > k_gc_pack_decoded_max) {
      plan.thin.faulty.add(one.size);
    } else if (one.freed() <= one.cost) {
      plan.thin.costly.add(one.size);
    } else if (more > bytes_max - bytes) {
      plan.thin.later.add(one.size);
    } else {
      bytes += more;
      for (const std::uint32_t each : one.manifests) chosen[each] = true;
      plan.packs.push_back(one.pack);
      plan.live_bytes += one.live;
      plan.thin.rewritten.add(one.size);
    }
  }
  std::ranges::sort(plan.packs);
  plan.manifests = manifests_naming(inventory, plan.packs);
  return plan;
}

}  // namespace sluice::store
