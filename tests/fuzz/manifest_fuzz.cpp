// Any bytes as a manifest: refused, or entries that all pass check_entry and come back unchanged
// when they are written and read again. The copy of the index on disk shares the coding and is
// tried too. The same bytes are also tried as a payload under a right checksum, which mutations
// alone never meet.
#include "store/index.hpp"
#include "store/manifest.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace sluice;

constexpr std::size_t k_records_max = 1U << 16U;

void check(const store::Manifest& manifest) {
  for (const auto& entry : manifest.entries) {
    if (!store::check_entry(entry)) std::abort();
  }
  // One blob at two places, or an action twice, is legal to read and not written again as it was.
  const auto again = store::encode_manifest(manifest);
  if (!again) return;
  const auto back = store::decode_manifest(*again);
  if (!back || back->info != manifest.info || back->entries.size() != manifest.entries.size()) {
    std::abort();
  }
  for (std::size_t i = 0; i < back->entries.size(); ++i) {
    if (back->entries[i].record != manifest.entries[i].record) std::abort();
  }
}

void try_manifest(ByteView bytes) {
  if (const auto manifest = store::decode_manifest(bytes, k_records_max)) check(*manifest);
}

void try_index(ByteView bytes) {
  const auto index = store::Index::decode(bytes);
  if (!index) return;
  for (const store::Entry* entry : index->in_use_order()) {
    if (!store::check_entry(*entry) || index->find(entry->record.action) != entry) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  try_manifest(bytes);
  try_index(bytes);
  try_manifest(store::seal({"SLUICEMF", "manifest", store::k_manifest_raw_size_max}, bytes));
  try_index(store::seal({"SLUICEIX", "index copy", store::k_manifest_raw_size_max}, bytes));
  return 0;
}
