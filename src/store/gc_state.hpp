// What a collector keeps in the store between two runs: who collects, what earlier marks found
// unnamed, and what is being removed at this moment.
//
// Values and pure functions: any thread. The decoders take hostile bytes: Code::corrupt,
// Code::unsupported for a newer version. Times are by the store's clock where it has one. Format:
// docs/formats/collection.md.
#pragma once

#include "base/bytes.hpp"
#include "base/deadline.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "store/layout.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::store {

inline constexpr std::uint64_t k_gc_state_size_max = 1ULL << 20U;
inline constexpr std::uint64_t k_gc_list_size_max = 64ULL << 20U;
inline constexpr std::size_t k_gc_candidates_max = 1'000'000;
inline constexpr std::size_t k_gc_batch_max = 1000;
inline constexpr std::size_t k_gc_batches_max = 16;  // the own one, and those of who died
inline constexpr std::size_t k_gc_holder_size_max = 256;
inline constexpr auto k_gc_lease = std::chrono::minutes(10);

// Names that are being removed, or were when their collector died.
struct GcBatch {
  UnixNanos begun_ns = 0;
  std::vector<ObjectName> names;  // ascending

  bool operator==(const GcBatch&) const = default;
};

using GcListId = BlobId;  // the SHA-256 of a list of candidates as it is stored

struct GcState {
  std::string domain;
  std::uint64_t counter = 0;
  std::string holder;  // empty: nobody collects
  UnixNanos lease_until_ns = 0;
  UnixNanos marked_ns = 0;             // end of the last mark
  std::optional<GcListId> candidates;  // of that mark
  std::uint64_t candidates_size = 0;
  UnixNanos doomed_before_ns = 0;  // candidates since then at the latest are swept
  std::optional<ObjectName> swept_below;
  std::vector<GcBatch> batches;

  bool operator==(const GcState&) const = default;
};

Result<Bytes> encode_gc_state(const GcState& state);
Result<GcState> decode_gc_state(ByteView bytes);
// Whether a batch of it has this name.
bool is_being_removed(const GcState& state, const ObjectName& name);

struct GcCandidate {
  ObjectName name;
  UnixNanos since_ns = 0;  // the first of the marks in a row that found it unnamed

  bool operator==(const GcCandidate&) const = default;
};

struct GcCandidates {
  std::string domain;
  std::vector<GcCandidate> all;  // names ascending

  bool operator==(const GcCandidates&) const = default;
};

Result<Bytes> encode_gc_candidates(const GcCandidates& candidates);
Result<GcCandidates> decode_gc_candidates(ByteView bytes);

}  // namespace sluice::store
