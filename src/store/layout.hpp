// The keys of the remote layout, version 1: which object lies where. docs/formats/remote.md.
//
// Pure functions: any thread. The trust domain is the first element of every key, so that a store's
// own access rules can tell domains apart.
#pragma once

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "store/record.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
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

// What a collector may remove, by what a manifest or head calls it. The numbers are part of the
// format (docs/formats/collection.md); their order is that of sweeping.
enum class ObjectKind : std::uint8_t { blob = 0, blob_zstd = 1, manifest = 2, pack = 3, other = 4 };
inline constexpr std::uint8_t k_object_kind_last = 4;
std::string_view name_of(ObjectKind kind);  // "blobs", "manifests", "packs", "others"

struct ObjectName {
  ObjectKind kind = ObjectKind::blob;
  std::array<std::byte, k_digest_size> id{};  // of `other`: the SHA-256 of its key

  auto operator<=>(const ObjectName&) const = default;
};
// Of a key below `<domain>/v1/`; nothing for a head, for what a collector keeps itself, and for
// what this program does not know.
std::optional<ObjectName> object_name(std::string_view domain, std::string_view key);
// Not of `other`, whose key its name does not tell.
std::string key_of(std::string_view domain, const ObjectName& name);
inline ObjectName name_of(const ManifestId& id) { return {ObjectKind::manifest, id.bytes}; }
// Of the object that holds an entry's bytes.
ObjectName object_name(const BlobId& blob, const Location& location);

std::string domain_prefix(std::string_view domain);  // "<domain>/v1/"
std::string gc_state_key(std::string_view domain);
std::string gc_candidates_key(std::string_view domain, ByteView id);
std::string gc_clock_key(std::string_view domain);
// The object that holds an entry's bytes; the entry is located in a pack or alone.
std::string object_key(const Record& record, const Location& location);

}  // namespace sluice::store
