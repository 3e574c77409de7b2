// Which packs are mostly dead, and which of them are worth being written anew.
//
// Pure: from what a mark has read to a plan, no I/O. Values; one thread at a time. Packs are
// numbers of objects, manifests numbers of manifests, both of the inventory. The rules are those of
// docs/formats/collection.md, "Packs that are mostly dead".
#pragma once

#include "store/envelope.hpp"
#include "store/gc_plan.hpp"
#include "store/pack.hpp"
#include "store/record.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace sluice::store {

// Of one run: decoded blobs and manifests that are written anew.
inline constexpr std::uint64_t k_gc_rewrite_bytes_max = 1ULL << 30U;
inline constexpr std::uint64_t k_gc_pack_decoded_max = 128ULL << 20U;  // of one pack, in memory
inline constexpr std::size_t k_gc_live_blobs_max = 512U << 10U;        // counted, 64 bytes each

// A blob in a pack that a manifest of a kept head names.
struct GcLiveBlob {
  std::uint32_t pack = 0;
  std::uint64_t offset = 0;
  std::uint64_t stored_size = 0;
  std::uint64_t size = 0;
  BlobId blob;
  Encoding encoding = Encoding::raw;

  auto operator<=>(const GcLiveBlob&) const = default;
};

// Each blob once, however many manifests name it. Where they are more than the bound, the packs of
// the highest numbers are left out: another run counts them.
class GcLiveBlobs {
 public:
  explicit GcLiveBlobs(std::size_t max = k_gc_live_blobs_max) : max_(max) {}

  void add(const GcLiveBlob& blob);
  // Ascending.
  const std::vector<GcLiveBlob>& all();
  // Packs below this number are counted.
  std::uint32_t end() const { return end_; }

 private:
  void compact();

  std::size_t max_;
  std::uint32_t end_ = std::numeric_limits<std::uint32_t>::max();
  std::vector<GcLiveBlob> blobs_;
};

// What a pack needs beside its blobs and their rows.
inline constexpr std::uint64_t k_pack_frame_size =
    k_pack_header_size + k_envelope_size + k_pack_trailer_size;

// Packs that kept heads need, and none of their manifests alone for the share: ascending. These may
// be mostly dead.
std::vector<std::uint32_t> thin_packs(const GcInventory& inventory, unsigned live_percent);
// The manifests of kept heads that name one of these packs, ascending.
std::vector<std::uint32_t> manifests_naming(const GcInventory& inventory,
                                            const std::vector<std::uint32_t>& packs);

// Of the packs that are mostly dead, by what becomes of them.
struct GcThinPacks {
  GcTally rewritten;
  GcTally is_signed;  // left: what leads there is signed, and not ours to sign
  GcTally costly;     // left: the manifests that name them are larger than what would go
  GcTally faulty;     // left: cannot be read, or are too large
  GcTally later;      // left to the next run
};

struct GcRewritePlan {
  std::vector<std::uint32_t> packs;      // to be rewritten, ascending
  std::vector<std::uint32_t> manifests;  // of kept heads, that name one of them, ascending
  std::uint64_t live_bytes = 0;          // what is needed of the packs
  GcThinPacks thin;
};

// `thin` are those of thin_packs, `live` what is needed of them, `unread` manifests of
// manifests_naming that could not be read again, ascending.
GcRewritePlan plan_rewriting(const GcInventory& inventory, const std::vector<std::uint32_t>& thin,
                             GcLiveBlobs& live, const std::vector<std::uint32_t>& unread,
                             unsigned live_percent,
                             std::uint64_t bytes_max = k_gc_rewrite_bytes_max);

}  // namespace sluice::store
