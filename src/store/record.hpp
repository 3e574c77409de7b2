// What a lookup returns (Record), where its bytes lie (Location), and both together (Entry).
//
// Values that own everything they hold: any thread. The numbers of the enumerations are part of the
// remote format (docs/formats/remote.md) and never change meaning.
#pragma once

#include "base/deadline.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::store {

// A blob larger than this is neither stored nor believed.
inline constexpr std::uint64_t k_blob_size_max = 4ULL << 30U;
// Name of an executable's file: one path element.
inline constexpr std::size_t k_record_name_size_max = 255;

enum class Kind : std::uint8_t {
  other = 0,
  archive = 1,
  module_index = 2,
  package_index = 3,
  test_log = 4,
  test_output = 5,
  executable = 6,
  link = 7,              // a linked program, asked for by the link cache only
  inputs = 8,            // what packages were compiled from: docs/formats/inputs.md
  module = 9,            // the archive of a module: docs/formats/modules.md
  snapshot_tree = 10,    // docs/formats/snapshots.md
  snapshot_bundle = 11,  // likewise
};
inline constexpr std::uint8_t k_kind_last = 11;  // a reader takes higher numbers for `other`
std::string_view name_of(Kind kind);
// Whether go's own cache holds such a thing: the kinds from `link` on are sluice's.
bool is_of_gos_cache(Kind kind);

enum class Origin : std::uint8_t {
  made = 0,      // by go, in the job that wrote the record
  received = 1,  // from a store, verified, and passed on
};

struct Record {
  ActionId action;
  BlobId output;
  std::uint64_t size = 0;  // of the blob, before any encoding
  Kind kind = Kind::other;
  UnixNanos time_ns = 0;
  Origin origin = Origin::made;
  std::string name;  // executables: the file's name; links: microseconds; else empty

  bool operator==(const Record&) const = default;
};

enum class Encoding : std::uint8_t { raw = 0, zstd = 1 };

struct Location {
  enum class Where : std::uint8_t {
    nowhere = 0,  // the empty blob: no bytes to bring
    pack = 1,     // a range of a pack
    alone = 2,    // an object of its own
  };
  Where where = Where::nowhere;
  PackId pack;                    // of a pack
  std::uint64_t offset = 0;       // in the pack, from the object's first byte
  std::uint64_t stored_size = 0;  // bytes in the store
  Encoding encoding = Encoding::raw;
  std::string domain;  // the trust domain whose prefix it lies under; empty for nowhere

  bool operator==(const Location&) const = default;
};

struct Entry {
  Record record;
  Location location;

  bool operator==(const Entry&) const = default;
};

// Whether the parts fit together and keep every bound: sizes, name, domain, the empty blob nowhere.
// What passes may be fetched without further thought about sizes. Code::corrupt.
Result<void> check_entry(const Entry& entry);
// The most bytes a blob of `size` may take in this encoding.
std::uint64_t stored_size_max(std::uint64_t size, Encoding encoding);

}  // namespace sluice::store
