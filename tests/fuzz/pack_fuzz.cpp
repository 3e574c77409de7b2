// Any bytes as a pack: its index is refused or describes blobs that lie inside, apart from each
// other, and none of them is given out unless it hashes to its name.
#include "base/digest.hpp"
#include "store/pack.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto blobs = store::read_pack_index(bytes);
  if (!blobs) return 0;
  std::uint64_t end = 0;
  for (const store::PackedBlob& blob : *blobs) {
    if (blob.offset < end || blob.stored_size > size || blob.offset > size - blob.stored_size) {
      std::abort();
    }
    end = blob.offset + blob.stored_size;
    const auto body = store::read_packed_blob(bytes, blob);
    if (body && (body->size() != blob.size || sha256_as<BlobId>(*body) != blob.blob)) std::abort();
  }
  return 0;
}
