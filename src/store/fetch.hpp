// Brings blobs from a store: one, or many with few requests. Whatever it reports as done is
// verified.
//
// Blocking, from any thread; keeps no state and starts no thread. A blob's bytes go to a sink piece
// by piece, before they are verified: whoever owns the sink publishes them only after success was
// reported. Never more than one compressed piece and one decompressed piece in memory.
// Errors: Code::not_found when the object is gone, Code::corrupt when the bytes are not the blob's;
// the store's own errors else.
#pragma once

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "codec/zstd.hpp"
#include "store/objects.hpp"
#include "store/record.hpp"

#include <cstdint>
#include <span>

namespace sluice::store {

// Bytes between two wanted blobs that are cheaper to read over than to ask anew for: about what a
// connection of 100 Mbit/s brings in 5 ms.
inline constexpr std::uint64_t k_range_gap_default = 64ULL << 10U;
// One request brings at most this much (a blob alone may be larger).
inline constexpr std::uint64_t k_range_size_max = 8ULL << 20U;

Result<void> fetch_blob(Objects& objects, const Entry& entry, const codec::ByteSink& sink,
                        Deadline deadline);

class BatchSink {
 public:
  virtual ~BatchSink() = default;
  // Where this entry's bytes go. An error leaves the entry out; done() still tells it.
  virtual Result<codec::ByteSink> open(const Entry& entry) = 0;
  // Exactly once per entry: ok only when all its bytes were given to the sink and verified.
  virtual void done(const Entry& entry, Result<void> result) = 0;
};

// Entries of one pack that lie close together come with one request, in the order of their offsets;
// requests follow the order in which `entries` first needs them. The calls of `sink` come from this
// thread. Entries with the same blob in the same place are each given its bytes. An error of one
// entry leaves the others alone; an error of the store itself (unavailable, timeout, denied, io)
// ends the batch: the entries left get that error, and so does the caller.
Result<void> fetch_batch(Objects& objects, std::span<const Entry* const> entries, BatchSink& sink,
                         Deadline deadline, std::uint64_t gap_max = k_range_gap_default);

}  // namespace sluice::store
