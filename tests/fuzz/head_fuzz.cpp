// Any bytes as a head: refused, or a value within its bounds that comes back unchanged when it is
// written and read again, and that stays writable after an update. Also tried as a payload under a
// right checksum.
#include "store/head.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace sluice;

void try_head(ByteView bytes) {
  auto head = store::decode_head(bytes);
  if (!head) return;
  if (head->manifests.size() > store::k_head_manifests_max) std::abort();
  head->signature = {};
  if (const auto again = store::encode_head(*head)) {
    const auto back = store::decode_head(*again);
    if (!back || *back != *head) std::abort();
  }
  store::ManifestRef ref;
  ref.job_name = "fuzz";
  store::add_to_head(*head, ref, 1);
  const auto updated = store::encode_head(*head);
  if (!updated || updated->size() > store::k_head_size_max) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  try_head(bytes);
  try_head(store::seal({"SLUICEHD", "head", store::k_head_size_max}, bytes));
  return 0;
}
