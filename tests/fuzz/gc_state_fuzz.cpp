// Any bytes as a collector's state and as its list of candidates: refused, or a value within its
// bounds that comes back unchanged when it is written and read again. Also tried as payloads under
// a right checksum.
#include "store/envelope.hpp"
#include "store/gc_state.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace sluice;

void try_state(ByteView bytes) {
  const auto state = store::decode_gc_state(bytes);
  if (!state) return;
  const auto again = store::encode_gc_state(*state);
  if (!again || *store::decode_gc_state(*again) != *state) std::abort();
}

void try_candidates(ByteView bytes) {
  const auto list = store::decode_gc_candidates(bytes);
  if (!list) return;
  const auto again = store::encode_gc_candidates(*list);
  if (!again || *store::decode_gc_candidates(*again) != *list) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  try_state(bytes);
  try_candidates(bytes);
  try_state(store::seal({"SLUICEGS", "state", store::k_gc_state_size_max}, bytes));
  try_candidates(store::seal({"SLUICEGL", "list", store::k_gc_list_size_max}, bytes));
  return 0;
}
