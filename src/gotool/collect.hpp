// `sluice gc`: keeps a GOCACHE directory bounded by size and age, least recently used first.
//
// One call is one pass; it may run beside go commands and other collectors. Never removed unless
// forced: what was used in the last day (Go's own rule for anything that trims). trim.txt,
// testexpire.txt, README and fuzz/ are never touched. Sizes are bytes on disk (allocated blocks).
// Any thread. Errors: the directory cannot be looked at; a file or a subdirectory that resists is
// counted, not an error. A directory where an entry's file should be is nobody's and stays.
#pragma once

#include "base/digest.hpp"
#include "base/result.hpp"
#include "sys/file.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace sluice::gotool {

struct CollectOptions {
  std::optional<std::uint64_t> size_max = std::nullopt;  // keep at most so many bytes
  std::optional<std::chrono::milliseconds> age_max =
      std::nullopt;      // remove what was unused so long
  bool force = false;    // also what was used in the last day
  bool dry_run = false;  // report only
};

struct CollectReport {
  std::uint64_t files_seen = 0;
  std::uint64_t bytes_before = 0;
  std::uint64_t entries_before = 0;
  std::uint64_t entries_removed = 0;    // `-a` files
  std::uint64_t blobs_removed = 0;      // `-d` files and directories
  std::uint64_t temporary_removed = 0;  // left by writers that died
  std::uint64_t bytes_removed = 0;
  std::uint64_t bytes_after = 0;
  std::uint64_t kept_recent_bytes =
      0;                       // wanted out by the limits, kept because used in the last day
  std::uint64_t failures = 0;  // files and subdirectories that could not be read or removed
  std::string first_failure;   // which was the first of them, and why; empty without one
};

struct CollectProgress {
  std::uint64_t directories_done = 0;  // of 256 while scanning
  std::uint64_t files_seen = 0;
  std::uint64_t bytes_removed = 0;
};

// Is called for each entry that was removed, for its age or else for the size; never by a dry run.
using OnRemoved = std::function<void(const ActionId&, bool for_age)>;

Result<CollectReport> collect(const sys::Path& gocache, const CollectOptions& options,
                              const std::function<void(const CollectProgress&)>& progress = {},
                              const OnRemoved& on_removed = {});

}  // namespace sluice::gotool
