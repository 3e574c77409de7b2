// Linked programs on this machine: found by key, placed as files, kept within a quota of their own.
//
// Holds a path; any number of objects, threads and processes may use one directory. What is damaged
// or half there is a miss; errors are the operating system's. Format and rules:
// docs/formats/link-cache.md.
#pragma once

#include "base/digest.hpp"
#include "base/result.hpp"
#include "gotool/local_tier.hpp"
#include "sys/file.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace sluice::gotool {

inline constexpr std::uint64_t k_link_cache_bytes_max = 2ULL << 30U;
// The part of it that programs have which were never hit.
inline constexpr std::uint64_t k_link_cache_new_bytes_max = k_link_cache_bytes_max / 4;
inline constexpr std::uint64_t k_link_free_bytes_min = 1ULL << 30U;  // left on the disk
inline constexpr auto k_link_new_age_max = std::chrono::hours(24 * 7);
inline constexpr auto k_link_used_age_max = std::chrono::hours(24 * 30);
inline constexpr std::size_t k_link_text_bytes_max = 64U << 10U;

// What is known of a link beside the program.
struct LinkInfo {
  std::chrono::microseconds link_time{0};
  std::string standard_output;
  std::string standard_error;
};

struct CachedLink {
  ActionId key;
  BlobId output;
  std::uint64_t size = 0;
  sys::Path file;
  LinkInfo info;
};

class LinkCache {
 public:
  static Result<LinkCache> open(const sys::Path& directory);

  Result<std::optional<CachedLink>> find(const ActionId& key) const;
  // Writes the program to `target` as the linker would: an absent or regular file, made anew with
  // mode 0775. Hashed on the way: a damaged one is removed from the cache, nothing is left at the
  // target, and the error is Code::corrupt. Marks it as hit.
  Result<void> place(const CachedLink& link, const sys::Path& target) const;
  // For a program that comes in pieces: its caller computes the hash on the way, and commits, as
  // `key`, only what is right. Nothing when it is too large or the disk too full.
  Result<std::optional<LocalTier::Writer>> begin_verified(const ActionId& key, const LinkInfo& info,
                                                          const BlobId& output,
                                                          std::uint64_t size) const;
  // Stores the program at `file`. False when it is too large or the disk too full.
  Result<bool> put(const ActionId& key, const LinkInfo& info, const sys::Path& file) const;
  // Removes what is over the quota. Returns the bytes removed; nothing when another process does
  // it.
  Result<std::optional<std::uint64_t>> trim(
      std::uint64_t bytes_max = k_link_cache_bytes_max,
      std::uint64_t new_bytes_max = k_link_cache_new_bytes_max) const;

 private:
  class Trimmer;
  explicit LinkCache(LocalTier tier) : tier_(std::move(tier)) {}
  sys::Path entry_path(const ActionId& action) const;

  LocalTier tier_;
};

}  // namespace sluice::gotool
