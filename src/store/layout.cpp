#include "store/layout.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sluice::store {

namespace {

constexpr std::string_view k_packs = "packs";
constexpr std::string_view k_blobs = "blobs";
constexpr std::string_view k_manifests = "manifests";
constexpr std::string_view k_doctor = "doctor";
constexpr std::string_view k_zstd_suffix = ".zst";

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

std::string key_of(std::string_view domain, std::string_view kind, const std::string& hex,
                   std::string_view suffix = "") {
  return fmt::format("{}/v1/{}/{}/{}{}", domain, kind, std::string_view(hex).substr(0, 2), hex,
                     suffix);
}

}  // namespace

bool is_domain(std::string_view text) {
  if (text.empty() || text.size() > k_domain_size_max || !is_alphanumeric(text.front())) {
    return false;
  }
  return std::ranges::all_of(
      text, [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

Result<void> check_domain(std::string_view text) {
  if (is_domain(text)) return {};
  return fail(
      Code::invalid,
      fmt::format("\"{}\" is not the name of a trust domain: up to {} characters of a-z, 0-9, "
                  "'.', '_' and '-', beginning with a letter or a digit",
                  printable(text), k_domain_size_max));
}

std::string pack_key(std::string_view domain, const PackId& id) {
  return key_of(domain, k_packs, id.hex());
}

std::string blob_key(std::string_view domain, const BlobId& id, Encoding encoding) {
  return key_of(domain, k_blobs, id.hex(), encoding == Encoding::zstd ? k_zstd_suffix : "");
}

std::string manifest_key(std::string_view domain, const ManifestId& id) {
  return key_of(domain, k_manifests, id.hex());
}

std::string head_key(std::string_view domain, std::string_view scope_name) {
  return key_of(domain, "scopes", to_hex(sha256(bytes_of(scope_name))));
}

std::string doctor_prefix(std::string_view domain, std::uint64_t run) {
  return fmt::format("{}/v1/{}/{:016x}", domain, k_doctor, run);
}

bool is_read_in_parts(std::string_view key) {
  return std::ranges::any_of(std::array{k_packs, k_doctor}, [key](std::string_view kind) {
    return key.contains(fmt::format("/v1/{}/", kind));
  });
}

std::string_view name_of(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::blob:
    case ObjectKind::blob_zstd: return k_blobs;
    case ObjectKind::manifest: return k_manifests;
    case ObjectKind::pack: return k_packs;
    case ObjectKind::other: break;
  }
  return "others";
}

std::optional<ObjectName> object_name(std::string_view domain, std::string_view key) {
  const std::string prefix = domain_prefix(domain);
  if (!key.starts_with(prefix)) return std::nullopt;
  const std::vector<std::string_view> parts = split(key.substr(prefix.size()), '/');
  if (parts.size() != 3) return std::nullopt;
  if (parts[0] == k_doctor) return ObjectName{ObjectKind::other, sha256(bytes_of(key))};
  std::string_view hex = parts[2];
  ObjectName name;
  if (parts[0] == k_packs) {
    name.kind = ObjectKind::pack;
  } else if (parts[0] == k_manifests) {
    name.kind = ObjectKind::manifest;
  } else if (parts[0] != k_blobs) {
    return std::nullopt;
  } else if (hex.ends_with(k_zstd_suffix)) {
    name.kind = ObjectKind::blob_zstd;
    hex.remove_suffix(k_zstd_suffix.size());
  }
  const auto id = BlobId::from_hex(hex);
  if (!id || hex.substr(0, 2) != parts[1]) return std::nullopt;
  name.id = id->bytes;
  return name;
}

std::string key_of(std::string_view domain, const ObjectName& name) {
  return key_of(domain, name_of(name.kind), to_hex(name.id),
                name.kind == ObjectKind::blob_zstd ? k_zstd_suffix : "");
}

ObjectName object_name(const BlobId& blob, const Location& location) {
  if (location.where == Location::Where::pack) return {ObjectKind::pack, location.pack.bytes};
  return {location.encoding == Encoding::zstd ? ObjectKind::blob_zstd : ObjectKind::blob,
          blob.bytes};
}

std::string domain_prefix(std::string_view domain) { return fmt::format("{}/v1/", domain); }

std::string gc_state_key(std::string_view domain) { return fmt::format("{}/v1/gc/state", domain); }

std::string gc_candidates_key(std::string_view domain, ByteView id) {
  return fmt::format("{}/v1/gc/candidates/{}", domain, to_hex(id));
}

std::string gc_clock_key(std::string_view domain) { return fmt::format("{}/v1/gc/clock", domain); }

std::string object_key(const Record& record, const Location& location) {
  return location.where == Location::Where::pack
             ? pack_key(location.domain, location.pack)
             : blob_key(location.domain, record.output, location.encoding);
}

}  // namespace sluice::store
