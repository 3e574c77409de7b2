// A module of the module cache as one stream of bytes: its archive.
//
// Keeps no state: any thread. Code::corrupt: an archive that is none, or of another tree than
// go.sum says; Code::not_found: no whole module in the cache. Messages name the module. The way
// back is gotool/module_unpacker.hpp; format: docs/formats/modules.md.
#pragma once

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "codec/zstd.hpp"
#include "gotool/go_sum.hpp"
#include "gotool/module_version.hpp"
#include "sys/file.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::gotool {

inline constexpr std::uint64_t k_module_tree_bytes_max = 500ULL << 20U;  // go's MaxZipFile
inline constexpr std::size_t k_module_files_max = 200'000;
inline constexpr std::uint64_t k_module_header_bytes_max = 32ULL << 20U;
inline constexpr std::uint64_t k_module_go_mod_bytes_max = 16ULL << 20U;  // go's MaxGoMod
inline constexpr std::uint64_t k_module_info_bytes_max = 64ULL << 10U;

// Names the archive of this tree, or of this go.mod alone.
ActionId module_action(const SummedModule& module);
// The same for those who know no sum, and check in another way.
ActionId unsummed_module_action(const ModuleVersion& module, bool is_tree);

struct ArchivedFile {
  std::string name;  // relative to the module's root, with slashes
  std::uint64_t size = 0;

  bool operator==(const ArchivedFile&) const = default;
};

struct ModuleHeader {
  ModuleVersion module;
  std::string info;    // may be empty
  std::string go_mod;  // may be empty
  std::vector<ArchivedFile> files;

  bool operator==(const ModuleHeader&) const = default;
};
// With its size in front.
Bytes encode_module_header(const ModuleHeader& header);
// Without. Whatever passes names files that may be created below one directory.
Result<ModuleHeader> decode_module_header(ByteView bytes);

// Whether go would take the module from this cache without asking anybody.
bool is_module_there(const sys::Path& module_cache, const SummedModule& module);

// What is there of it, with the sums that go left beside it; nothing where it is not whole.
std::optional<SummedModule> module_in_cache(const sys::Path& module_cache,
                                            const ModuleVersion& module, bool is_tree);

// Writes the archive of a module that is whole in this cache to the sink. Code::corrupt where its
// files do not have the sums any more: somebody has changed them.
Result<void> archive_module(const sys::Path& module_cache, const SummedModule& module,
                            const codec::ByteSink& sink);

}  // namespace sluice::gotool
