#include "insight/trace_overlap.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <tuple>

using namespace sluice;
using namespace sluice::insight;
using Kind = TraceEvent::Kind;

namespace {

constexpr std::string_view k_mark = "GC concurrent mark phase";
constexpr std::string_view k_stop = "stop-the-world (GC sweep termination)";
constexpr std::string_view k_assist = "GC mark assist";
constexpr std::string_view k_sweep = "GC incremental sweep";
constexpr std::size_t k_of_mark = 0;
constexpr std::size_t k_of_stop = 1;
constexpr std::size_t k_of_assist = 2;
constexpr std::size_t k_of_sweep = 3;

TraceEvent region(Kind kind, std::int64_t time_ns, std::int64_t goroutine, std::string_view type,
                  std::uint64_t task = 0) {
  TraceEvent event;
  event.kind = kind;
  event.time_ns = time_ns;
  event.goroutine = goroutine;
  event.name = type;
  event.task = task;
  return event;
}

TraceEvent range(Kind kind, std::int64_t time_ns, std::int64_t goroutine, std::string_view name,
                 std::string_view scope = "None") {
  TraceEvent event = region(kind, time_ns, goroutine, name);
  event.scope = scope;
  return event;
}

TraceEvent log(std::int64_t time_ns, std::int64_t goroutine, std::string_view category,
               std::string_view message) {
  TraceEvent event = region(Kind::log, time_ns, goroutine, category);
  event.message = message;
  return event;
}

TraceEvent at(std::int64_t time_ns) { return region(Kind::other, time_ns, -1, ""); }

TraceReport report_of(const std::vector<TraceEvent>& events) {
  TraceOverlap overlap("cache.Invalidate");
  for (const TraceEvent& event : events) REQUIRE(overlap.take(event));
  auto report = overlap.finish();
  REQUIRE(report);
  return std::move(*report);
}

const ReasonOverlap& of_reason(const TraceReport& report, const std::optional<std::string>& name) {
  const auto found = std::ranges::find(report.reasons, name, &ReasonOverlap::reason);
  REQUIRE(found != report.reasons.end());
  return *found;
}

}  // namespace

TEST_CASE("overlap: a collection inside of a region, and one outside") {
  const auto report = report_of({
      at(0),
      region(Kind::region_begin, 100, 1, "cache.Invalidate"),
      log(110, 1, "reason", "ttl"),
      range(Kind::range_begin, 200, 1, k_mark),
      range(Kind::range_begin, 210, 1, k_stop, "Goroutine(1)"),
      range(Kind::range_end, 230, 1, k_stop, "Goroutine(1)"),
      range(Kind::range_end, 300, 5, k_mark),
      region(Kind::region_end, 500, 1, "cache.Invalidate"),
      range(Kind::range_begin, 600, 1, k_mark),
      range(Kind::range_end, 800, 1, k_mark),
      region(Kind::region_begin, 900, 1, "cache.Invalidate/manual"),
      region(Kind::region_end, 950, 1, "cache.Invalidate/manual"),
      at(1000),
  });
  CHECK(report.duration_ns == 1000);
  REQUIRE(report.reasons.size() == 2);
  CHECK(report.reasons[0].reason == "ttl");  // the longest first
  CHECK(report.reasons[0].regions == 1);
  CHECK(report.reasons[0].time.sum_ns == 400);
  CHECK(report.reasons[0].during[k_of_mark].sum_ns == 100);
  CHECK(report.reasons[0].during[k_of_stop].wall_ns == 20);
  CHECK(report.reasons[1].reason == "manual");
  CHECK(report.reasons[1].during[k_of_mark].sum_ns == 0);
  CHECK(report.gc[k_of_mark].ranges == 2);
  CHECK(report.gc[k_of_mark].time.wall_ns == 300);
  CHECK(report.all.regions == 2);
  CHECK(report.all.during[k_of_mark].wall_ns == 100);
  CHECK(report.regions_open + report.ranges_open + report.regions_before == 0);
}

TEST_CASE("overlap: regions at once are summed, and counted once by the clock") {
  const auto report = report_of({
      at(0),
      region(Kind::region_begin, 100, 1, "cache.Invalidate:ttl"),
      region(Kind::region_begin, 150, 2, "cache.Invalidate:ttl"),
      range(Kind::range_begin, 160, 9, k_mark),
      // Assists: of both goroutines at once, and of one that has no region.
      range(Kind::range_begin, 165, 1, k_assist, "Goroutine(1)"),
      range(Kind::range_begin, 165, 3, k_assist, "Goroutine(3)"),
      range(Kind::range_begin, 170, 2, k_assist, "Goroutine(2)"),
      range(Kind::range_end, 175, 1, k_assist, "Goroutine(1)"),
      range(Kind::range_end, 180, 2, k_assist, "Goroutine(2)"),
      range(Kind::range_begin, 181, 2, k_sweep, "Proc(0)"),
      range(Kind::range_end, 184, 2, k_sweep, "Proc(0)"),
      range(Kind::range_end, 190, 9, k_mark),
      range(Kind::range_end, 195, 3, k_assist, "Goroutine(3)"),
      region(Kind::region_end, 200, 1, "cache.Invalidate:ttl"),
      region(Kind::region_end, 220, 2, "cache.Invalidate:ttl"),
  });
  const ReasonOverlap& ttl = of_reason(report, "ttl");
  CHECK(ttl.regions == 2);
  CHECK(ttl.time.sum_ns == 170);
  CHECK(ttl.time.wall_ns == 120);
  CHECK(ttl.during[k_of_mark].sum_ns == 60);
  CHECK(ttl.during[k_of_mark].wall_ns == 30);
  CHECK(ttl.during[k_of_assist].sum_ns == 20);
  CHECK(ttl.during[k_of_assist].wall_ns == 15);
  CHECK(ttl.during[k_of_sweep].sum_ns == 3);
  CHECK(report.gc[k_of_assist].ranges == 3);
  CHECK(report.gc[k_of_assist].time.sum_ns == 50);
  CHECK(report.gc[k_of_assist].time.wall_ns == 30);
}

TEST_CASE("overlap: where a reason comes from") {
  const auto report = report_of({
      at(0),
      log(1, 1, "reason", "before any region"),
      region(Kind::region_begin, 10, 1, "cache.Invalidate"),
      log(11, 1, "reason", "evict"),
      log(11, 2, "reason", "of another goroutine"),
      log(11, 1, "note", "something else"),
      region(Kind::region_begin, 12, 1, "cache.Invalidate"),
      log(13, 1, "reason", "ttl"),
      region(Kind::region_end, 14, 1, "cache.Invalidate"),
      region(Kind::region_end, 30, 1, "cache.Invalidate"),
      region(Kind::region_begin, 40, 1, "cache.Invalidate/manual:by hand"),
      log(41, 1, "reason", "ttl"),
      region(Kind::region_end, 43, 1, "cache.Invalidate/manual:by hand"),
      region(Kind::region_begin, 50, 1, "cache.Invalidate:"),
      region(Kind::region_end, 51, 1, "cache.Invalidate:"),
      region(Kind::region_begin, 60, 1, "cache.InvalidateAll"),
      region(Kind::region_end, 70, 1, "cache.InvalidateAll"),
      region(Kind::region_begin, 80, 1, "cache"),
      region(Kind::region_end, 90, 1, "cache"),
  });
  REQUIRE(report.reasons.size() == 4);
  CHECK(of_reason(report, "evict").time.sum_ns == 20);
  CHECK(of_reason(report, "ttl").time.sum_ns == 2);
  CHECK(of_reason(report, "manual:by hand").time.sum_ns == 3);
  CHECK(of_reason(report, std::nullopt).time.sum_ns == 1);
  CHECK(report.all.time.sum_ns == 26);
  CHECK(report.all.time.wall_ns == 24);  // one lay inside another
  CHECK(report.other_regions == std::vector<std::string>{"cache", "cache.InvalidateAll"});
}

TEST_CASE(
    "overlap: what began before the trace, what goes on after it, what ends with a goroutine") {
  TraceEvent gone = region(Kind::goroutine_end, 60, 3, "");
  const auto report = report_of({
      at(10),
      range(Kind::range_active, 12, -1, k_assist, "Goroutine(1)"),
      region(Kind::region_end, 30, 1, "cache.Invalidate/ttl"),
      range(Kind::range_active, 31, -1, k_assist, "Goroutine(1)"),  // told again
      range(Kind::range_end, 35, 1, k_assist, "Goroutine(1)"),
      range(Kind::range_end, 40, 5, k_mark),
      region(Kind::region_begin, 50, 3, "cache.Invalidate/gone"),
      gone,
      range(Kind::range_begin, 70, 1, k_mark),
      region(Kind::region_begin, 80, 2, "cache.Invalidate/open"),
      range(Kind::range_begin, 82, 2, k_assist, "Goroutine(2)"),
      at(100),
  });
  CHECK(report.duration_ns == 90);
  CHECK(report.regions_before == 1);
  CHECK(report.ranges_before == 2);
  CHECK(report.regions_open == 1);
  CHECK(report.ranges_open == 2);
  CHECK(of_reason(report, "ttl").time.sum_ns == 20);
  CHECK(of_reason(report, "ttl").during[k_of_mark].sum_ns == 20);
  CHECK(of_reason(report, "ttl").during[k_of_assist].sum_ns == 20);
  CHECK(of_reason(report, "gone").time.sum_ns == 10);
  CHECK(of_reason(report, "open").time.sum_ns == 20);
  CHECK(of_reason(report, "open").during[k_of_mark].sum_ns == 20);
  CHECK(of_reason(report, "open").during[k_of_assist].sum_ns == 18);
  CHECK(report.gc[k_of_mark].time.wall_ns == 60);
  CHECK(report.gc[k_of_assist].time.sum_ns == 43);
}

TEST_CASE("overlap: nothing, other stops of the world, and time that steps back") {
  TraceOverlap empty("cache.Invalidate");
  REQUIRE(empty.take(at(1)));  // the Sync of a trace that ended right after its header
  const auto nothing = empty.finish();
  REQUIRE(!nothing);
  CHECK(nothing.error().code == Code::invalid);
  const auto report = report_of({
      at(100),
      range(Kind::range_begin, 110, 1, "stop-the-world (start trace)", "Goroutine(1)"),
      region(Kind::region_begin, 120, 1, "cache.Invalidate"),
      region(Kind::region_end, 119, 1, "cache.Invalidate"),
  });
  CHECK(report.gc[k_of_stop].ranges == 0);
  CHECK(report.ranges_open == 0);
  CHECK(report.all.time.sum_ns == 0);
  CHECK(report.duration_ns == 20);
}

namespace {

// A trace that is made of spans, and each of its numbers counted nanosecond by nanosecond.
struct Made {
  Span span;
  std::int64_t goroutine = 0;
  std::string name;
  std::string scope;  // of a range
  std::uint64_t task = 0;

  bool covers(std::int64_t at_ns) const { return span.begin_ns <= at_ns && at_ns < span.end_ns; }
};

constexpr std::int64_t k_end_ns = 120;
constexpr std::int64_t k_goroutines = 3;

rc::Gen<std::vector<Made>> made_regions() {
  const auto one = rc::gen::map(
      rc::gen::tuple(rc::gen::inRange<std::int64_t>(0, k_end_ns),
                     rc::gen::inRange<std::int64_t>(1, 50),
                     rc::gen::inRange<std::int64_t>(0, k_goroutines),
                     rc::gen::element<std::string>("cache.Invalidate/ttl", "cache.Invalidate:ttl",
                                                   "cache.Invalidate/evict", "other")),
      [](const std::tuple<std::int64_t, std::int64_t, std::int64_t, std::string>& from) {
        const auto& [begin, length, goroutine, name] = from;
        const std::int64_t begin_ns = std::max<std::int64_t>(0, begin - 30);
        return Made{{begin_ns, std::min(begin_ns + length, k_end_ns)}, goroutine, name, "", 0};
      });
  return rc::gen::map(rc::gen::container<std::vector<Made>>(one), [](std::vector<Made> regions) {
    // Go's regions of one goroutine nest; a task of its own tells these apart where they do not.
    for (std::size_t i = 0; i < regions.size(); ++i) regions[i].task = i;
    return regions;
  });
}

// Ranges of one name and scope never overlap: they lie between marks on the time line.
std::vector<Made> ranges_between(const std::set<std::uint8_t>& marks, std::int64_t goroutine,
                                 std::string_view name, const std::string& scope) {
  std::vector<Made> ranges;
  std::optional<std::int64_t> begin;
  for (const auto mark : marks) {
    if (begin) {
      ranges.push_back(
          {{*begin, std::int64_t{mark} % k_end_ns}, goroutine, std::string(name), scope, 0});
      if (ranges.back().span.length_ns() == 0) ranges.pop_back();
    }
    if (begin) {
      begin.reset();
    } else {
      begin = mark % k_end_ns;
    }
    if (mark >= k_end_ns) break;
  }
  return ranges;
}

std::vector<TraceEvent> events_of(const std::vector<Made>& regions,
                                  const std::vector<Made>& ranges) {
  // What begins with the trace is told by its end alone, as if it had begun before.
  std::vector<TraceEvent> events;
  for (const Made& made : ranges) {
    if (made.span.begin_ns > 0) {
      events.push_back(
          range(Kind::range_begin, made.span.begin_ns, made.goroutine, made.name, made.scope));
    }
    events.push_back(
        range(Kind::range_end, made.span.end_ns, made.goroutine, made.name, made.scope));
  }
  for (const Made& made : regions) {
    if (made.span.begin_ns > 0) {
      events.push_back(
          region(Kind::region_begin, made.span.begin_ns, made.goroutine, made.name, made.task));
    }
    events.push_back(
        region(Kind::region_end, made.span.end_ns, made.goroutine, made.name, made.task));
  }
  // Ends before beginnings: a range that follows another of its scope without a gap.
  std::ranges::stable_sort(events, {}, [](const TraceEvent& event) {
    const bool begins = event.kind == Kind::range_begin || event.kind == Kind::region_begin;
    return std::pair(event.time_ns, begins);
  });
  events.insert(events.begin(), at(0));
  events.push_back(at(k_end_ns));
  return events;
}

bool counts_for(const Made& range, std::int64_t goroutine) {
  return range.goroutine == goroutine || range.name == k_mark || range.name == k_stop;
}

void check_reason(const ReasonOverlap& found, const std::vector<Made>& regions,
                  const std::vector<Made>& ranges) {
  constexpr std::array k_names = {k_mark, k_stop, k_assist, k_sweep};
  Duration time;
  PerGcKind<Duration> during;
  for (std::int64_t now = 0; now < k_end_ns; ++now) {
    std::array<bool, 1 + k_gc_kinds> any{};
    for (const Made& one : regions) {
      if (!one.covers(now)) continue;
      ++time.sum_ns;
      any[k_gc_kinds] = true;
      for (std::size_t k = 0; k < k_gc_kinds; ++k) {
        const bool is_during = std::ranges::any_of(ranges, [&](const Made& range) {
          return range.name == k_names[k] && range.covers(now) && counts_for(range, one.goroutine);
        });
        during[k].sum_ns += is_during ? 1 : 0;
        any[k] = any[k] || is_during;
      }
    }
    time.wall_ns += any[k_gc_kinds] ? 1 : 0;
    for (std::size_t k = 0; k < k_gc_kinds; ++k) during[k].wall_ns += any[k] ? 1 : 0;
  }
  RC_ASSERT(found.regions == regions.size());
  RC_ASSERT(found.time.sum_ns == time.sum_ns);
  RC_ASSERT(found.time.wall_ns == time.wall_ns);
  for (std::size_t k = 0; k < k_gc_kinds; ++k) {
    RC_ASSERT(found.during[k].sum_ns == during[k].sum_ns);
    RC_ASSERT(found.during[k].wall_ns == during[k].wall_ns);
  }
}

}  // namespace

TEST_CASE("overlap: the same as every nanosecond counted by itself") {
  using Marks = std::set<std::uint8_t>;
  CHECK(rc::check([](const Marks& marks, const Marks& stops, const std::array<Marks, 3>& assists,
                     const std::array<Marks, 3>& sweeps) {
    const auto made = *made_regions();
    std::vector<Made> ranges = ranges_between(marks, 7, k_mark, "None");
    const auto add = [&ranges](std::vector<Made> more) {
      ranges.insert(ranges.end(), more.begin(), more.end());
    };
    add(ranges_between(stops, 1, k_stop, "Goroutine(1)"));
    for (std::int64_t g = 0; g < k_goroutines; ++g) {
      const auto i = static_cast<std::size_t>(g);
      add(ranges_between(assists[i], g, k_assist, "Goroutine(" + std::to_string(g) + ")"));
      add(ranges_between(sweeps[i], g, k_sweep, "Proc(" + std::to_string(g) + ")"));
    }
    const TraceReport report = report_of(events_of(made, ranges));
    std::map<std::string, std::vector<Made>> by_reason;
    std::vector<Made> all;
    for (const Made& one : made) {
      if (one.name == "other") continue;
      all.push_back(one);
      by_reason[one.name.substr(sizeof("cache.Invalidate"))].push_back(one);
    }
    RC_ASSERT(report.reasons.size() == by_reason.size());
    for (const auto& [reason, regions] : by_reason) {
      check_reason(of_reason(report, reason), regions, ranges);
    }
    check_reason(report.all, all, ranges);
    // The totals: a region from end to end sees them all by the clock.
    PerGcKind<std::vector<Span>> spans;
    for (const Made& one : ranges) {
      const std::size_t k = one.name == k_mark     ? k_of_mark
                            : one.name == k_stop   ? k_of_stop
                            : one.name == k_assist ? k_of_assist
                                                   : k_of_sweep;
      spans[k].push_back(one.span);
    }
    for (std::size_t k = 0; k < k_gc_kinds; ++k) {
      RC_ASSERT(report.gc[k].ranges == spans[k].size());
      RC_ASSERT(report.gc[k].time.wall_ns == Timeline(spans[k]).total_ns());
    }
  }));
}

TEST_CASE("overlap: what may have been inside of an unknown region is kept up to a bound") {
  constexpr std::int64_t k_max = 20;
  TraceOverlap overlap("cache.Invalidate", k_max);
  bool took_all = overlap.take(at(0)).has_value();
  std::int64_t now = 1;
  const auto assist = [&](std::int64_t goroutine) {
    const std::string scope = "Goroutine(" + std::to_string(goroutine) + ")";
    took_all &= overlap.take(range(Kind::range_begin, now, goroutine, k_assist, scope)).has_value();
    took_all &=
        overlap.take(range(Kind::range_end, now + 1, goroutine, k_assist, scope)).has_value();
    now += 2;
  };
  // Goroutines that end without a region give their share back.
  for (int i = 0; i < 3 * k_max; ++i) {
    assist(7);
    if (i % k_max == 0)
      took_all &= overlap.take(region(Kind::goroutine_end, now, 7, "")).has_value();
  }
  REQUIRE(overlap.take(region(Kind::goroutine_end, now, 7, "")));
  assist(1);
  REQUIRE(overlap.take(region(Kind::region_end, now, 1, "cache.Invalidate/early")));
  for (int i = 0; i < 3 * k_max; ++i) assist(2);
  REQUIRE(overlap.take(region(Kind::region_end, now, 2, "cache.Invalidate/late")));
  CHECK(took_all);
  const auto report = overlap.finish();
  REQUIRE(report);
  CHECK(of_reason(*report, "early").during[k_of_assist].sum_ns == 1);
  CHECK(of_reason(*report, "late").during[k_of_assist].sum_ns == k_max - 1);
  CHECK(report->regions_before == 2);
  CHECK(report->regions_incomplete == 1);
}

TEST_CASE("overlap: more reasons than anyone reads are refused") {
  TraceOverlap overlap("r");
  for (std::size_t i = 0; i < k_trace_reasons_max; ++i) {
    REQUIRE(overlap.take(region(Kind::region_end, 1, 1, "r/" + std::to_string(i))));
  }
  const auto refused = overlap.take(region(Kind::region_end, 1, 1, "r/one more"));
  REQUIRE(!refused);
  CHECK(refused.error().message == "regions of r have more than 10000 reasons");
}
