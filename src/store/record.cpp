#include "store/record.hpp"

#include "store/layout.hpp"
#include "store/pack.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::store {

namespace {

bool is_file_name(std::string_view name) {
  if (name.empty() || name == "." || name == ".." || name.size() > k_record_name_size_max) {
    return false;
  }
  return std::ranges::none_of(
      name, [](char c) { return c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::unexpected<Error> bad(const Record& record, std::string_view why) {
  return fail(Code::corrupt, fmt::format("record {}: {}", record.action.short_hex(), why));
}

Result<void> check_place(const Record& record, const Location& location) {
  if (!is_domain(location.domain)) return bad(record, "its trust domain is no name of one");
  const bool fits = location.encoding == Encoding::raw
                        ? location.stored_size == record.size
                        : location.stored_size >= 1 &&
                              location.stored_size <= stored_size_max(record.size, Encoding::zstd);
  if (!fits) return bad(record, "its stored size does not fit its size");
  if (location.where == Location::Where::alone) {
    if (location.offset != 0) return bad(record, "a blob alone has no offset");
    return {};
  }
  if (location.offset < k_pack_header_size || location.offset > k_pack_size_max ||
      location.stored_size > k_pack_size_max - location.offset) {
    return bad(record, "its range is outside of any pack");
  }
  return {};
}

}  // namespace

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::archive: return "archive";
    case Kind::module_index: return "module-index";
    case Kind::package_index: return "package-index";
    case Kind::test_log: return "test-log";
    case Kind::test_output: return "test-output";
    case Kind::executable: return "executable";
    case Kind::link: return "link";
    case Kind::inputs: return "inputs";
    case Kind::module: return "module";
    case Kind::snapshot_tree: return "snapshot-tree";
    case Kind::snapshot_bundle: return "snapshot-bundle";
    case Kind::other: break;
  }
  return "other";
}

bool is_of_gos_cache(Kind kind) { return kind < Kind::link; }

std::uint64_t stored_size_max(std::uint64_t size, Encoding encoding) {
  return encoding == Encoding::raw ? size : size + size / 128 + 1024;
}

Result<void> check_entry(const Entry& entry) {
  const auto& [record, location] = entry;
  if (record.size > k_blob_size_max) return bad(record, "its blob is too large");
  const bool named = !record.name.empty();
  if (named && !is_file_name(record.name)) return bad(record, "its name is no file name");
  if (record.kind == Kind::executable && !named) return bad(record, "an executable without a name");
  const bool empty = record.output == k_empty_blob;
  if (empty != (record.size == 0)) return bad(record, "its size does not fit its output");
  if (empty != (location.where == Location::Where::nowhere)) {
    return bad(record, empty ? "the empty blob lies nowhere" : "its blob lies nowhere");
  }
  if (!empty) return check_place(record, location);
  if (location != Location{}) return bad(record, "the empty blob lies nowhere");
  return {};
}

}  // namespace sluice::store
