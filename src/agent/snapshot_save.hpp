// Keeps directories as a snapshot: reads them, uploads what the store has not, and names all of it.
//
// save_snapshot blocks, reads and compresses with threads of its own, all ended on return; it
// borrows the store. Memory: k_snapshot_segment and a bundle for each thread. Nothing names a
// snapshot that is not whole. Errors are the store's (is_of_store), else those of a directory, with
// its path. Format: docs/formats/snapshots.md.
#pragma once

#include "agent/snapshot_shelf.hpp"
#include "base/deadline.hpp"
#include "base/result.hpp"
#include "store/manifest.hpp"
#include "store/objects.hpp"
#include "store/publisher.hpp"
#include "store/snapshot_tree.hpp"
#include "store/trust.hpp"
#include "sys/file.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sluice::agent {

inline constexpr std::uint64_t k_snapshot_bundle_target = 16ULL << 20U;
inline constexpr std::uint64_t k_snapshot_segment = 16ULL << 20U;
inline constexpr std::uint64_t k_snapshot_batch = 8ULL << 20U;  // of small files, for one thread
inline constexpr std::uint64_t k_snapshot_whole_max = 64ULL << 10U;  // up to here: one chunk
inline constexpr codec::ZstdEffort k_snapshot_compression{.level = 2, .long_distance = true};

struct SnapshotPlace {
  std::string text;  // as the user wrote it
  sys::Path path;    // where that is
};

// Bytes of files so far, and of all.
using SnapshotProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

// What is read, before anything is asked of the store.
struct SnapshotSource {
  std::vector<store::SnapshotRoot> roots;  // files without extents
  std::vector<SnapshotPlace> places;       // as roots
  std::vector<std::vector<bool>> holes;    // as entries: whether a file has any
  std::uint64_t bytes = 0;
  std::size_t files = 0;
  std::size_t specials = 0;  // pipes, sockets, devices: left out
};
// Globs (base/glob.hpp), relative to a place; without a slash, of any name below it.
bool is_excluded(std::string_view name, const std::vector<std::string>& excludes);
Result<SnapshotSource> read_source(const std::vector<SnapshotPlace>& places,
                                   const std::vector<std::string>& excludes);

struct SaveReport {
  bool is_unchanged = false;    // `before` is of the same files: it is named once more
  std::uint64_t bytes_new = 0;  // of files, that the store had not
  std::uint64_t bytes_up = 0;   // sent, compressed, with everything that names them
  std::size_t bundles_new = 0;
  std::vector<Error> faults;  // scopes that do not know of it
};

struct SaveOptions {
  std::string domain;
  store::Trust trust;                // what it is signed with; domains whose blobs are known there
  std::vector<store::Scope> scopes;  // snapshot_scopes() of those that shall know it
  store::ManifestInfo info;          // job_name and job_id: the key
  unsigned threads = 4;
};

// `before`: a snapshot that is like it, or null.
Result<SaveReport> save_snapshot(store::Objects& objects, SnapshotSource source,
                                 const Snapshot* before, const SaveOptions& options,
                                 const SnapshotProgress& progress, Deadline deadline);

}  // namespace sluice::agent
