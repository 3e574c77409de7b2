// Carries results from one local tier to another: into an isolated job's own from the one that all
// share, and back what the job made.
//
// Both tiers stay in use meanwhile, by any number of processes. Nothing is carried whose bytes are
// not what their name says. Data travels as a hard link, or as a copy where the file system or its
// rules refuse one; entries are written anew, since go and sluice write them in place. Any thread.
// Errors are those of the operating system; what is gone or damaged is not carried, and no error.
#pragma once

#include "base/digest.hpp"
#include "base/result.hpp"
#include "gotool/local_tier.hpp"

#include <cstdint>

namespace sluice::gotool {

// True when the entry and its data are in `to` afterwards. Executables in their directory form stay
// where they are.
Result<bool> carry_entry(const LocalTier& from, const LocalTier& to, const ActionId& action);
// The same of data alone.
bool carry_blob(const LocalTier& from, const LocalTier& to, const BlobId& output,
                std::uint64_t size);

struct Carried {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;    // of their data
  std::uint64_t damaged = 0;  // not carried: their bytes are not what their name says
  std::uint64_t failed = 0;   // not carried: the operating system refused
};
// Every entry of `from` that `to` lacks.
Result<Carried> carry_new(const LocalTier& from, const LocalTier& to);

}  // namespace sluice::gotool
