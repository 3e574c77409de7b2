// The head of a scope: the small, mutable object that lists the scope's manifests, newest first.
//
// Values and pure functions: any thread. decode_head takes hostile bytes: Code::corrupt,
// Code::unsupported for a newer version. Messages do not say which
// object it was: the caller knows. Format: docs/formats/remote.md.
#pragma once

#include "base/bytes.hpp"
#include "base/deadline.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "store/envelope.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::store {

inline constexpr std::size_t k_head_manifests_max = 32;
inline constexpr std::uint64_t k_head_size_max = 1ULL << 20U;       // what a reader accepts
inline constexpr std::uint64_t k_head_size_target = 512ULL << 10U;  // what a writer keeps it under
inline constexpr std::uint64_t k_inline_manifest_max = 64ULL << 10U;

struct ManifestRef {
  ManifestId id;
  std::uint64_t size = 0;  // of the manifest object
  UnixNanos created_ns = 0;
  std::uint64_t records = 0;
  std::string job_name;  // these three as in ManifestInfo
  std::string job_run;
  std::string job_id;
  Bytes inlined;  // the manifest object itself when small, else empty

  bool operator==(const ManifestRef&) const = default;
};

struct Head {
  std::string domain;         // where it lies and
  std::string scope_name;     // whose it is: a head moved elsewhere is refused
  std::uint64_t counter = 0;  // grows with every write
  UnixNanos updated_ns = 0;
  std::vector<ManifestRef> manifests;  // newest first
  Signature signature;                 // as read, unchecked

  bool operator==(const Head&) const = default;
};

// Signed where there is a key.
Result<Bytes> encode_head(const Head& head, const SigningKey* key = nullptr);
Result<Head> decode_head(ByteView bytes);

// Puts `ref` first and drops what it replaces: what the same job wrote before; when it wrote
// nothing yet, the oldest that a job of that name wrote in another run. So the legs of a matrix,
// which share name and run, all stay, and as many of the last run as have no successor yet. Then
// drops what is over the bound, and from the oldest on the inlined copies that do not fit
// k_head_size_target. Counts one write: one more than before and at least the milliseconds since
// 1970, so that a head that had to begin anew is newer than any that was there.
void add_to_head(Head& head, ManifestRef ref, UnixNanos now_ns);

// Puts another manifest in the place of one that is listed: order, job and the time of the last
// write stay, and it carries a copy where the old one did and one is given. False: it is not
// listed, and nothing has changed. When all are in their places count_write counts one write.
bool replace_in_head(Head& head, const ManifestId& old, ManifestRef ref);
void count_write(Head& head, UnixNanos now_ns);

}  // namespace sluice::store
