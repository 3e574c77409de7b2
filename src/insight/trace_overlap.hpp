// How much of a trace's regions was during garbage collection, by reason, and the other way round.
//
// Fed the events of a trace in their order, it keeps the spans of the regions asked for, of the
// collections, and of what a goroutine did for the collector inside such a region; little else, so
// a long trace costs little. Bounded: past k_trace_spans_max or k_trace_reasons_max is
// Code::exhausted. Owns what it holds; one thread.
//
// A region belongs to name N when its type is N, N:REASON or N/REASON. Where the type names no
// reason, it is the message of the last trace.Log(ctx, "reason", …) of the region's goroutine while
// no other region of N was open inside of it. GC mark ("GC concurrent mark phase") and the
// collector's stops of the world count for every region; "GC mark assist" and "GC incremental
// sweep" only for regions of the goroutine that did them. The kinds overlap each other: a mark
// phase begins before the first stop and ends within the last one.
#pragma once

#include "base/result.hpp"
#include "insight/timeline.hpp"
#include "insight/trace_events.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice::insight {

inline constexpr std::size_t k_trace_spans_max = std::size_t{2} << 20U;  // regions and ranges kept
// Assists and sweeps kept because a region that began before the trace may be around them.
inline constexpr std::size_t k_trace_guesses_max = std::size_t{1} << 20U;
inline constexpr std::size_t k_trace_reasons_max = 10'000;
inline constexpr std::size_t k_trace_other_regions_max = 20;  // named where none was of the name

enum class GcKind : std::uint8_t { mark, stop_the_world, assist, sweep };
inline constexpr std::size_t k_gc_kinds = 4;
template <class T>
using PerGcKind = std::array<T, k_gc_kinds>;

struct Duration {
  std::int64_t sum_ns = 0;   // of all regions or ranges, each by itself
  std::int64_t wall_ns = 0;  // by the clock: each moment once
};

struct ReasonOverlap {
  std::optional<std::string> reason;  // nothing: none was given
  std::uint64_t regions = 0;
  Duration time;
  PerGcKind<Duration> during;  // what of that time was during each kind
};

struct GcTotal {
  std::uint64_t ranges = 0;
  Duration time;
};

struct TraceReport {
  std::int64_t duration_ns = 0;        // from the first event to the last
  std::vector<ReasonOverlap> reasons;  // the longest first
  ReasonOverlap all;                   // regions of every reason together
  PerGcKind<GcTotal> gc;
  // Cut off: those that began before the trace count from its start, those still open at its end up
  // to there.
  std::uint64_t regions_before = 0;
  std::uint64_t ranges_before = 0;
  std::uint64_t regions_incomplete = 0;  // of regions_before: not all assists and sweeps are known
  std::uint64_t regions_open = 0;
  std::uint64_t ranges_open = 0;
  std::vector<std::string> other_regions;  // types of regions of other names, at most some
};

class TraceOverlap {
 public:
  explicit TraceOverlap(std::string region_name, std::size_t guesses_max = k_trace_guesses_max)
      : name_(std::move(region_name)), guesses_max_(guesses_max) {}

  Result<void> take(const TraceEvent& event);
  // At the end of the trace, once. Code::invalid where nothing happened in it.
  Result<TraceReport> finish();

 private:
  struct Region {
    Span span;
    std::int64_t goroutine = -1;
    std::uint32_t reason = 0;  // an index of reasons_
  };
  struct OpenRegion {
    std::string type;
    std::uint64_t task = 0;
    std::int64_t begin_ns = 0;
    std::optional<std::string> reason;
    bool typed = false;  // the reason is part of the type
  };
  struct OpenRange {
    GcKind kind = GcKind::mark;
    std::int64_t begin_ns = 0;
    std::int64_t goroutine = -1;
  };
  struct KindState {
    GcTotal total;
    std::size_t active = 0;
    std::int64_t since_ns = 0;  // the active ones are counted up to here
    std::vector<Span> spans;    // of the kinds that count for everybody
  };
  struct Goroutine {
    std::vector<OpenRegion> open;
    std::int64_t last_end_ns = -1;  // of a region
    bool had_region = false;
    std::size_t guesses = 0;  // spans outside of every region that is known
    PerGcKind<std::vector<Span>> spans;
  };

  bool is_of_name(std::string_view type) const;
  std::optional<std::string> reason_in(std::string_view type) const;
  Result<void> count_span();
  Result<void> begin_region(const TraceEvent& event);
  Result<void> end_region(const TraceEvent& event);
  Result<void> add_region(std::int64_t goroutine, const OpenRegion& region);
  Result<void> end_goroutine(std::int64_t id);
  void take_log(const TraceEvent& event);
  void begin_range(const TraceEvent& event, GcKind kind);
  Result<void> end_range(const TraceEvent& event, GcKind kind);
  Result<void> close_range(const OpenRange& range);
  ReasonOverlap measure(const std::vector<const Region*>& regions,
                        const PerGcKind<Timeline>& everybody,
                        const std::map<std::int64_t, PerGcKind<Timeline>>& own) const;

  std::string name_;
  std::size_t guesses_max_;
  std::int64_t start_ns_ = -1;  // of the trace
  std::int64_t now_ns_ = -1;
  std::size_t spans_kept_ = 0;
  std::vector<Region> regions_;
  std::vector<std::optional<std::string>> reasons_;
  std::map<std::optional<std::string>, std::uint32_t> reason_index_;
  std::unordered_map<std::int64_t, Goroutine> goroutines_;  // those that had a region or may have
  std::size_t guesses_ = 0;
  bool guesses_were_dropped_ = false;
  std::map<std::pair<std::string, std::string>, OpenRange> ranges_;  // open: (name, scope)
  PerGcKind<KindState> kinds_;
  std::set<std::string> other_regions_;
  TraceReport report_;
};

}  // namespace sluice::insight
