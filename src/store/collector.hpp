// One collection of one trust domain of a store: finds what no head leads to, and removes what two
// marks at least a grace period apart both found so.
//
// Blocking, called by one thread; uses at most `at_once` threads of its own, all ended on return.
// Safe beside jobs that read and publish, and beside other collectors; may be killed at any moment
// and begun again. Takes tens of bytes an object and a record's few bytes each, and decodes at most
// k_gc_decoding_max at once. Errors: Code::unsupported for a store that cannot list and for what a
// later sluice wrote, Code::conflict where another collector works, the store's own; what could not
// be removed is counted and no error. docs/formats/collection.md has the rules and why they hold.
#pragma once

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "store/gc_plan.hpp"
#include "store/gc_rewrite_plan.hpp"
#include "store/objects.hpp"
#include "store/trust.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sluice::store {

inline constexpr std::size_t k_gc_at_once_default = 16;
inline constexpr std::uint64_t k_gc_decoding_max = 192ULL << 20U;  // manifests in memory at once
inline constexpr auto k_gc_call_max = std::chrono::seconds(60);    // of one request
// Before the lease ends: what has not been removed by then is left to the next run.
inline constexpr auto k_gc_lease_margin = std::chrono::minutes(2);

enum class GcStage : std::uint8_t {
  listing,
  heads,
  manifests,
  removing,
  counting,  // what is needed of packs: manifests
  copying,   // packs
  rewriting_manifests,
  rewriting_heads,
};

struct GcProgress {
  GcStage stage = GcStage::listing;
  std::uint64_t done = 0;
  std::uint64_t total = 0;  // 0: not known
};

struct GcOptions {
  GcPolicy policy;
  bool dry_run = false;
  std::string holder;  // of the lease: names this run, and no other one
  std::size_t at_once = k_gc_at_once_default;
  Trust trust = {};  // whose signed heads and manifests may be written anew, and by which key
  UnixNanos (*clock)() = unix_now_ns;
  std::function<void(const GcProgress&)> progress = {};  // from the caller's thread
};

// By ObjectKind.
using GcTallies = std::array<GcTally, k_object_kind_last + 1>;
GcTally sum_of(const GcTallies& tallies);

// The heads of one class of scopes ("branch") that one rule let go.
struct GcDropped {
  std::uint64_t heads = 0;
  std::uint64_t bytes = 0;  // that only they named
};

// What became of packs that are mostly dead; in a dry run what would.
struct GcRewriting {
  GcThinPacks packs;             // the old ones
  std::uint64_t live_bytes = 0;  // what is needed of those that are rewritten
  GcTally written;               // new ones
  std::uint64_t manifests = 0;   // written anew
  std::uint64_t heads = 0;       // likewise
  std::uint64_t heads_left = 0;  // others were faster, or the lease was about to end
  // Why nothing was: the store honours no If-Match; a copy was being removed that moment.
  bool is_unconditional = false;
  bool is_postponed = false;
};

struct GcReport {
  GcTallies found;    // what the listing had
  GcTallies unnamed;  // no kept head leads there
  GcTallies doomed;   // of those, what two marks found so: what goes now
  GcTallies removed;
  std::uint64_t heads = 0;
  std::uint64_t manifests = 0;   // that heads name
  std::uint64_t live_bytes = 0;  // of what kept heads name
  std::map<std::pair<std::string, GcDrop>, GcDropped> dropped;
  std::uint64_t heads_written_meanwhile = 0;  // were to be dropped, and stay
  std::uint64_t rescued = 0;                  // doomed, and named by a job that moment
  std::uint64_t missing = 0;                  // manifests that heads name and that are gone
  std::uint64_t damaged = 0;                  // heads and manifests that cannot be read
  std::string first_damage;
  GcRewriting rewriting;
  std::uint64_t failures = 0;  // removals, and what ended the rewriting
  std::string first_failure;
  std::optional<UnixNanos> next_ns;  // when the first of what is unnamed is doomed
};

Result<GcReport> collect_domain(Objects& objects, const std::string& domain,
                                const GcOptions& options);

// The trust domains that have anything in the store, ascending.
Result<std::vector<std::string>> list_domains(Objects& objects);

}  // namespace sluice::store
