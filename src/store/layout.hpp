// The keys of the remote layout, version 1: which object lies where. docs/formats/remote.md.
//
// Pure functions: any thread. The trust domain is the first element of every key, so that a store's
// own access rules can tell domains apart.
#pragma once

#include "base/digest.hpp"
#include "base/result.hpp"
#include "store/record.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::store {

inline constexpr std::size_t k_domain_size_max = 63;

// [a-z0-9][a-z0-9._-]{0,62}
bool is_domain(std::string_view text);
// Code::invalid: `"Main" is not a trust domain: …`.
Result<void> check_domain(std::string_view text);

std::string pack_key(std::string_view domain, const PackId& id);
// The encoding is part of the name: the object holds nothing but the encoded bytes.
std::string blob_key(std::string_view domain, const BlobId& id, Encoding encoding);
std::string manifest_key(std::string_view domain, const ManifestId& id);
std::string head_key(std::string_view domain, std::string_view scope_name);
// What one run of the doctor writes lies below it.
std::string doctor_prefix(std::string_view domain, std::uint64_t run);
// Whether the object is one of which ranges are asked for: a pack, or what the doctor wrote.
// Neither ever changes.
bool is_read_in_parts(std::string_view key);
// The object that holds an entry's bytes; the entry is located in a pack or alone.
std::string object_key(const Record& record, const Location& location);

}  // namespace sluice::store
