// Any bytes as a manifest: refused, or entries that all pass check_entry and come back unchanged
// when they are written and read again. The copy of the index on disk shares the coding and is
// tried too.
#include "store/index.hpp"
#include "store/manifest.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

constexpr std::size_t k_records_max = 1U << 16U;

void check(const sluice::store::Manifest& manifest) {
  for (const auto& entry : manifest.entries) {
    if (!sluice::store::check_entry(entry)) std::abort();
  }
  // One blob at two places, or an action twice, is legal to read and not written again as it was.
  const auto again = sluice::store::encode_manifest(manifest);
  if (!again) return;
  const auto back = sluice::store::decode_manifest(*again);
  if (!back || back->info != manifest.info || back->entries.size() != manifest.entries.size()) {
    std::abort();
  }
  for (std::size_t i = 0; i < back->entries.size(); ++i) {
    if (back->entries[i].record != manifest.entries[i].record) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  if (const auto manifest = store::decode_manifest(bytes, k_records_max)) check(*manifest);
  if (const auto index = store::Index::decode(bytes)) {
    for (const store::Entry* entry : index->in_use_order()) {
      if (!store::check_entry(*entry) || index->find(entry->record.action) != entry) std::abort();
    }
  }
  return 0;
}
