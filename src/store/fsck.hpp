// A check of everything in one trust domain: is each object what its name says, and does whatever a
// head leads to exist.
//
// Blocking, called by one thread; uses at most `at_once` threads of its own, all ended on return.
// Reads every byte of the domain, in pieces; jobs may run meanwhile. Errors: the store's, and
// Code::unsupported for one that cannot list. What is wrong with the objects is the result.
#pragma once

#include "base/result.hpp"
#include "store/objects.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::store {

inline constexpr std::size_t k_fsck_at_once_default = 8;
inline constexpr std::size_t k_fsck_findings_max = 10'000;  // kept; more are counted

enum class FsckProblem : std::uint8_t {
  damaged,           // the bytes of a pack, blob or manifest are not what its name says
  etag,              // the bytes are right, and the store's own checksum says otherwise
  head_damaged,      // nobody can read it
  manifest_missing,  // a head lists it, and it is gone
  blob_missing,      // a manifest of a head names it, and it is gone
};
inline constexpr std::size_t k_fsck_problems = 5;
std::string_view name_of(FsckProblem problem);  // "damaged", "blob-missing", …

struct FsckFinding {
  FsckProblem problem = FsckProblem::damaged;
  std::string key;   // of the object that is wrong; of the head or manifest that leads nowhere
  std::string what;  // one line
  std::string done;  // what the repair did; empty: nothing
};

struct FsckOptions {
  bool repair = false;
  std::size_t at_once = k_fsck_at_once_default;
  // From the caller's thread.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
};

struct FsckReport {
  std::uint64_t objects = 0;  // packs, blobs, manifests
  std::uint64_t bytes = 0;    // of those
  std::uint64_t heads = 0;
  std::uint64_t newer = 0;  // of a later version: not judged
  std::uint64_t etags = 0;  // compared with the bytes
  std::array<std::uint64_t, k_fsck_problems> counts{};
  std::vector<FsckFinding> findings;

  std::uint64_t wrong() const;
};

// With `repair`: a damaged object or head is removed; a manifest that a head carries and that is
// gone is written again, else the head's mention of it is dropped; a manifest loses the records
// whose blobs are gone. Signed heads and manifests are left as they are.
Result<FsckReport> check_domain_objects(Objects& objects, const std::string& domain,
                                        const FsckOptions& options);

}  // namespace sluice::store
