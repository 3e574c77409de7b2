// How entries are written: the tables and columns that manifests and the index copy share.
// docs/formats/remote.md, "Manifest".
//
// Pure functions: any thread. Decoding takes hostile bytes; what it returns has passed check_entry.
// Errors: Code::invalid for entries that cannot be written, Code::corrupt, and Code::exhausted
// above `records_max`.
#pragma once

#include "base/result.hpp"
#include "codec/wire.hpp"
#include "store/record.hpp"

#include <span>
#include <vector>

namespace sluice::store {

inline constexpr std::size_t k_entry_domains_max = 256;
inline constexpr std::size_t k_entry_descriptors_max = 256;
inline constexpr std::size_t k_entry_descriptor_size_max = 256;

Result<void> encode_entries(codec::WireWriter& writer, std::span<const Entry* const> entries);
Result<std::vector<Entry>> decode_entries(codec::WireReader& reader, std::size_t records_max);

}  // namespace sluice::store
