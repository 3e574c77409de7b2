#include "store/layout.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sluice::store {

namespace {

constexpr std::string_view k_packs = "packs";
constexpr std::string_view k_doctor = "doctor";

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
  return key_of(domain, "blobs", id.hex(), encoding == Encoding::zstd ? ".zst" : "");
}

std::string manifest_key(std::string_view domain, const ManifestId& id) {
  return key_of(domain, "manifests", id.hex());
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

std::string object_key(const Record& record, const Location& location) {
  return location.where == Location::Where::pack
             ? pack_key(location.domain, location.pack)
             : blob_key(location.domain, record.output, location.encoding);
}

}  // namespace sluice::store
