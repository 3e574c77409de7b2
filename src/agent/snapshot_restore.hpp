// Brings directories of a snapshot back, each as a whole or not at all.
//
// restore_snapshot blocks, fetches and writes with threads of its own, all ended on return; it
// borrows the store. What it writes lies beside each place under a name of its own until all of it
// is there and verified; then it takes the place in one step. Whatever fails leaves every place as
// it was. Errors: Code::invalid where the snapshot has no such path; the file system's, with the
// path; else the store's (is_of_store). Format: docs/formats/snapshots.md.
#pragma once

#include "agent/snapshot_save.hpp"
#include "agent/snapshot_shelf.hpp"
#include "base/deadline.hpp"
#include "base/result.hpp"
#include "store/objects.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sluice::agent {

inline constexpr std::size_t k_snapshot_streams = 8;  // bundles on their way at once

struct RestoreOptions {
  bool replaces = false;              // a directory that is not empty, a file that is there
  bool drops_damaged = false;         // removes bundles that are not what they are said to be
  std::vector<std::string> excludes;  // globs of what is not brought back
};

struct RestoreReport {
  std::size_t files = 0;
  std::uint64_t bytes = 0;        // of them
  std::uint64_t bytes_down = 0;   // stored bytes of the bundles that came
  std::vector<std::string> kept;  // places, as they were written, where something was already
};

Result<RestoreReport> restore_snapshot(store::Objects& objects, const Snapshot& snapshot,
                                       const std::vector<SnapshotPlace>& places,
                                       const RestoreOptions& options,
                                       const SnapshotProgress& progress, Deadline deadline);

}  // namespace sluice::agent
