// A pack: many small blobs in one immutable object, each readable alone by range, with an index at
// the end so that the pack explains itself.
//
// A PackBuilder belongs to one thread at a time; the functions are pure. read_pack_index takes
// hostile bytes: what it returns lies inside the pack and does not overlap. Code::corrupt,
// Code::unsupported. Messages do not say which object it was: the caller knows. Format:
// docs/formats/remote.md.
#pragma once

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "codec/zstd.hpp"
#include "store/record.hpp"

#include <cstdint>
#include <vector>

namespace sluice::store {

inline constexpr std::uint64_t k_pack_header_size = 16;  // the first blob begins here
inline constexpr std::uint64_t k_pack_trailer_size = 32;
inline constexpr std::size_t k_pack_blobs_max = 65536;
// Of a blob in the index at the least: id, size, encoding, gap, stored size.
inline constexpr std::uint64_t k_pack_row_size_min = k_digest_size + 4;
inline constexpr std::uint64_t k_pack_size_max = 64ULL << 20U;
inline constexpr std::uint64_t k_pack_index_raw_size_max = 8ULL << 20U;

struct PackedBlob {
  BlobId blob;
  std::uint64_t size = 0;  // before encoding
  std::uint64_t offset = 0;
  std::uint64_t stored_size = 0;
  Encoding encoding = Encoding::raw;

  bool operator==(const PackedBlob&) const = default;
};

class PackBuilder {
 public:
  explicit PackBuilder(codec::ZstdEffort compression = {}) : compression_(compression) {}

  bool empty() const { return blobs_.empty(); }
  bool full() const { return blobs_.size() >= k_pack_blobs_max; }
  std::uint64_t size() const { return bytes_.size(); }  // without index
  const std::vector<PackedBlob>& blobs() const { return blobs_; }

  // Appends a blob that is not empty and hashes to `id` (the caller has checked); compressed when
  // that makes it smaller.
  void add(const BlobId& id, ByteView bytes);
  // The finished object; the builder is empty again.
  Bytes finish();

 private:
  codec::ZstdEffort compression_;
  Bytes bytes_;
  std::vector<PackedBlob> blobs_;
};

// From the whole object.
Result<std::vector<PackedBlob>> read_pack_index(ByteView pack);
// One blob out of the whole object, verified.
Result<Bytes> read_packed_blob(ByteView pack, const PackedBlob& blob);
inline PackId pack_id(ByteView pack) { return sha256_as<PackId>(pack); }

}  // namespace sluice::store
