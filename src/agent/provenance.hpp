// Which entries of the local tier may be published: those that sluice wrote itself in this trust
// domain.
//
// Format and rules: docs/formats/provenance.md. Any thread; files of several agents' making.
#pragma once

#include "base/digest.hpp"
#include "base/result.hpp"
#include "gotool/local_tier.hpp"
#include "sys/file.hpp"

#include <mutex>
#include <unordered_map>

namespace sluice::agent {

inline constexpr std::size_t k_provenance_record_size = 72;
inline constexpr std::uint64_t k_provenance_bytes_max = 64U << 20U;

class Provenance {
 public:
  // Reads what is there; a file that cannot be read is an empty one, reported as the error.
  Result<void> open(const sys::Path& file, const gotool::LocalTier& tier);
  bool has(const ActionId& action, const BlobId& output) const;
  // Remembers and appends; an error says that the next job will not know.
  Result<void> add(const ActionId& action, const BlobId& output);

 private:
  Result<void> rewrite_locked(const gotool::LocalTier& tier);

  mutable std::mutex mutex_;
  sys::Path file_;
  std::unordered_map<ActionId, BlobId> known_;
};

Bytes encode_provenance(const ActionId& action, const BlobId& output);
// Every whole record in `bytes`, in order; what is no record is skipped.
std::unordered_map<ActionId, BlobId> decode_provenance(ByteView bytes);

}  // namespace sluice::agent
