// What a collection would do: which heads go, which objects nobody names, which of them are doomed.
//
// Pure: from what was read of a trust domain to a plan, no I/O. Values; any thread. The rules are
// those of docs/formats/collection.md, and the proof that they are safe is there too. Objects are
// numbers into the listing, so that a store of a million objects takes tens of bytes each.
#pragma once

#include "base/deadline.hpp"
#include "store/gc_state.hpp"
#include "store/layout.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::store {

inline constexpr auto k_gc_age_default = std::chrono::hours(24 * 7);
inline constexpr auto k_gc_grace_default = std::chrono::hours(24);
inline constexpr unsigned k_gc_pack_live_default = 25;  // percent
// A whole pack would be copied each night: what it takes beside its blobs is estimated.
inline constexpr unsigned k_gc_pack_live_max = 90;

struct GcTally {
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;

  void add(std::uint64_t size) {
    ++objects;
    bytes += size;
  }
  bool operator==(const GcTally&) const = default;
};

struct GcPolicy {
  std::chrono::milliseconds age_max = k_gc_age_default;  // of a head's last write
  std::optional<std::uint64_t> size_max = std::nullopt;  // of what heads name
  std::vector<std::string> drop_scopes = {};             // patterns of scopes' names
  std::chrono::milliseconds grace = k_gc_grace_default;
  // A pack of which kept heads need less than this part of its bytes is rewritten; 0: none is.
  unsigned pack_live_percent = k_gc_pack_live_default;
};

struct GcObject {
  ObjectName name;
  std::uint64_t size = 0;
};

struct GcManifest {
  ManifestId id;
  std::optional<std::uint32_t> object = std::nullopt;  // its number, where it was listed
  std::vector<std::uint32_t> names = {};               // listed objects, ascending, each once
  std::vector<std::uint32_t> pack_bytes = {};  // as the packs among names: what it needs of each
  bool is_fixed = false;                       // signed, and not ours to sign anew
};

enum class GcDrop : std::uint8_t { kept, scope, age, size };

struct GcHead {
  std::string scope;  // its name
  UnixNanos updated_ns = 0;
  std::vector<std::uint32_t> manifests = {};  // numbers, each once
  GcDrop drop = GcDrop::kept;                 // the plan's word
  std::uint64_t freed = 0;  // bytes that nothing kept names once it is dropped too
  bool is_fixed = false;    // signed, and not ours to sign anew
};

struct GcInventory {
  std::vector<GcObject> objects;  // names ascending, each once
  std::vector<GcManifest> manifests;
  std::vector<GcHead> heads;

  // Its number.
  std::optional<std::uint32_t> find(const ObjectName& name) const;
};

// Says of each head whether and why it goes: its scope first, then its age, then the size of what
// the kept ones name, oldest first. `now_ns` is when the run began. Returns the bytes that the kept
// ones name.
std::uint64_t choose_heads(GcInventory& inventory, const GcPolicy& policy, UnixNanos now_ns);

struct GcFindings {
  std::vector<std::uint32_t> candidates;  // unnamed objects, ascending, doomed ones included
  std::vector<UnixNanos> since_ns;        // as candidates; k_gc_since_now for new ones
  std::vector<std::uint32_t> doomed;      // ascending
};
inline constexpr UnixNanos k_gc_since_now = INT64_MAX;  // to be the end of the mark

// `before` are the candidates of the last mark, names ascending.
GcFindings find_unnamed(const GcInventory& inventory, const std::vector<GcCandidate>& before,
                        std::chrono::milliseconds grace, UnixNanos began_ns);

// Whether a candidate since then is doomed in a run that began at `began_ns`.
bool is_over(UnixNanos since_ns, std::chrono::milliseconds grace, UnixNanos began_ns);

// The candidates of an earlier run that still count: without those that its sweep has passed or was
// removing, which are new ones where they exist again; and no time lies in the future.
std::vector<GcCandidate> standing_candidates(const GcState& state,
                                             std::vector<GcCandidate> candidates, UnixNanos now_ns);

// "branch" of "branch:github.com/o/r:main": what reports add up by.
std::string_view scope_class(std::string_view scope);

}  // namespace sluice::store
