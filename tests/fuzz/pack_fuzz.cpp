// Any bytes as a pack: its index is refused or describes blobs that lie inside, apart from each
// other, and none of them is given out unless it hashes to its name. Also tried as the payload of
// the index of a pack that is right otherwise.
#include "base/digest.hpp"
#include "codec/wire.hpp"
#include "store/envelope.hpp"
#include "store/pack.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace sluice;

void try_pack(ByteView pack) {
  const auto blobs = store::read_pack_index(pack);
  if (!blobs) return;
  std::uint64_t end = store::k_pack_header_size;
  for (const store::PackedBlob& blob : *blobs) {
    if (blob.offset < end || blob.stored_size > pack.size() ||
        blob.offset > pack.size() - blob.stored_size) {
      std::abort();
    }
    end = blob.offset + blob.stored_size;
    const auto body = store::read_packed_blob(pack, blob);
    if (body && (body->size() != blob.size || sha256_as<BlobId>(*body) != blob.blob)) std::abort();
  }
}

Bytes pack_around(ByteView index_payload) {
  constexpr std::size_t k_blob_bytes = 256;
  codec::WireWriter pack;
  pack.raw(bytes_of("SLUICEPK"));
  pack.u16(store::k_format_version);
  pack.raw(Bytes(6));
  pack.raw(Bytes(k_blob_bytes));
  const std::uint64_t index_at = pack.size();
  const Bytes index =
      store::seal({"SLUICEPI", "pack index", store::k_pack_index_raw_size_max}, index_payload);
  pack.raw(index);
  pack.u64(index_at);
  pack.u64(index.size());
  pack.u16(store::k_format_version);
  pack.raw(Bytes(6));
  pack.raw(bytes_of("SLUICEPE"));
  return pack.take();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  try_pack(bytes);
  try_pack(pack_around(bytes));
  return 0;
}
