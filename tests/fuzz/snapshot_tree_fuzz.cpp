// Trees of snapshots, of any kind: what is taken may be made below one directory, and is written as
// it was read.
#include "base/bytes.hpp"
#include "store/snapshot_tree.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <span>

using namespace sluice;
using namespace sluice::store;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes = std::as_bytes(std::span(data, size));
  const auto tree = decode_snapshot_tree(bytes);
  if (!tree) return 0;
  const std::filesystem::path root = "/tree";
  for (const SnapshotRoot& one : tree->roots) {
    for (const SnapshotEntry& entry : one.entries) {
      if (entry.name.empty()) continue;
      const auto path = (root / entry.name).lexically_normal();
      if (path != root / entry.name || !path.native().starts_with("/tree/")) std::abort();
    }
  }
  const auto again = encode_snapshot_tree(*tree);
  if (!again || !std::ranges::equal(*again, bytes)) std::abort();
  return 0;
}
