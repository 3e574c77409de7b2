// The tree of a directory snapshot: which files there are, and in which bundles their bytes lie.
//
// Values and pure functions: any thread. decode_snapshot_tree takes hostile bytes: Code::corrupt
// for what is none, Code::unsupported for another version. Whatever it returns may be made below
// one directory: every name is relative, and its parent is a directory of the tree. Format:
// docs/formats/snapshots.md.
#pragma once

#include "base/bytes.hpp"
#include "base/deadline.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::store {

inline constexpr std::uint64_t k_snapshot_bundle_max = 64ULL << 20U;
inline constexpr std::uint64_t k_snapshot_tree_max = 1ULL << 30U;
inline constexpr std::size_t k_snapshot_roots_max = 256;
inline constexpr std::size_t k_snapshot_items_max = 1U << 24U;  // entries, chunks, extents, each
inline constexpr std::size_t k_snapshot_path_max = 4096;
inline constexpr std::size_t k_snapshot_element_max = 255;
inline constexpr std::size_t k_snapshot_name_max = 100;
inline constexpr std::size_t k_snapshot_key_max = 512;

// Several chunks of files, one after the other, as one blob.
struct SnapshotBundle {
  BlobId id;
  std::uint64_t size = 0;
  bool operator==(const SnapshotBundle&) const = default;
};

struct SnapshotChunk {
  BlobId id;  // of its own bytes
  std::uint32_t bundle = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  bool operator==(const SnapshotChunk&) const = default;
};

// Bytes of a file from `offset` on. What no extent covers is a hole.
struct SnapshotExtent {
  std::uint64_t offset = 0;
  std::uint32_t chunk = 0;
  bool operator==(const SnapshotExtent&) const = default;
};

enum class EntryType : std::uint8_t { directory = 0, file = 1, symlink = 2, hard_link = 3 };

struct SnapshotEntry {
  std::string name;  // relative to the root, with slashes; empty: the root itself
  EntryType type = EntryType::file;
  std::uint32_t mode = 0;                    // of a directory and a file: permission bits
  UnixNanos mtime_ns = 0;                    // not of a hard link
  std::uint64_t size = 0;                    // of a file
  std::vector<SnapshotExtent> extents = {};  // of a file, ascending
  std::string target = {};                   // of a symbolic link
  std::uint32_t linked = 0;                  // of a hard link: the file before it, in this root
  bool operator==(const SnapshotEntry&) const = default;
};

struct SnapshotRoot {
  std::string path;  // as the user wrote it
  std::vector<SnapshotEntry> entries;
  bool operator==(const SnapshotRoot&) const = default;
};

struct SnapshotTree {
  std::vector<SnapshotBundle> bundles;
  std::vector<SnapshotChunk> chunks;
  std::vector<SnapshotRoot> roots;
  bool operator==(const SnapshotTree&) const = default;
};

// Code::invalid when it breaks a rule or a bound, so that nothing is written that nobody reads.
Result<Bytes> encode_snapshot_tree(const SnapshotTree& tree);
Result<SnapshotTree> decode_snapshot_tree(ByteView bytes);

// The actions of a snapshot's records.
ActionId snapshot_tree_action();
ActionId snapshot_bundle_action(const BlobId& bundle);

// [A-Za-z0-9._-], the first a letter or digit.
bool is_snapshot_name(std::string_view text);
// Neither empty nor too long, without control characters.
bool is_snapshot_key(std::string_view text);

}  // namespace sluice::store
