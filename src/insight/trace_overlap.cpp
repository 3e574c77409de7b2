#include "insight/trace_overlap.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::insight {
namespace {

using Kind = TraceEvent::Kind;

constexpr std::array k_every_kind = {GcKind::mark, GcKind::stop_the_world, GcKind::assist,
                                     GcKind::sweep};

std::size_t index_of(GcKind kind) { return static_cast<std::size_t>(kind); }

// What a goroutine does itself, and what holds for all of them.
bool is_own_work(GcKind kind) { return kind == GcKind::assist || kind == GcKind::sweep; }

// Nothing for a range that is none of the collector's, such as other stops of the world.
std::optional<GcKind> gc_kind_of(std::string_view range) {
  if (range == "GC concurrent mark phase") return GcKind::mark;
  if (range == "GC mark assist") return GcKind::assist;
  if (range == "GC incremental sweep") return GcKind::sweep;
  // As internal/trace/gc.go tells them.
  if (range.starts_with("stop-the-world (GC")) return GcKind::stop_the_world;
  return std::nullopt;
}

// The goroutine of a scope, else the one that the event happened on: a sweep's scope is its P, and
// it is never preempted. Of a range that was only found active nobody knows who does it.
std::int64_t goroutine_of(const TraceEvent& event) {
  std::string_view scope = event.scope;
  constexpr std::string_view k_begin = "Goroutine(";
  if (scope.starts_with(k_begin) && scope.ends_with(')')) {
    scope.remove_prefix(k_begin.size());
    scope.remove_suffix(1);
    return parse_int<std::int64_t>(scope).value_or(-1);
  }
  return event.kind == Kind::range_active ? -1 : event.goroutine;
}

}  // namespace

bool TraceOverlap::is_of_name(std::string_view type) const {
  if (!type.starts_with(name_)) return false;
  type.remove_prefix(name_.size());
  return type.empty() || type.front() == ':' || type.front() == '/';
}

std::optional<std::string> TraceOverlap::reason_in(std::string_view type) const {
  type.remove_prefix(std::min(type.size(), name_.size() + 1));
  if (type.empty()) return std::nullopt;
  return std::string(type);
}

Result<void> TraceOverlap::count_span() {
  if (++spans_kept_ <= k_trace_spans_max) return {};
  return fail(Code::exhausted,
              fmt::format("the trace has more than {} regions and ranges of the collector inside "
                          "of them; record a shorter one",
                          k_trace_spans_max));
}

Result<void> TraceOverlap::take(const TraceEvent& event) {
  if (start_ns_ < 0) start_ns_ = event.time_ns;
  // Converted traces of old versions step back by some nanoseconds now and then.
  now_ns_ = std::max(now_ns_, event.time_ns);
  switch (event.kind) {
    case Kind::region_begin: return begin_region(event);
    case Kind::region_end: return end_region(event);
    case Kind::goroutine_end: return end_goroutine(event.goroutine);
    case Kind::log: take_log(event); return {};
    case Kind::range_begin:
    case Kind::range_active:
      if (const auto kind = gc_kind_of(event.name)) begin_range(event, *kind);
      return {};
    case Kind::range_end:
      if (const auto kind = gc_kind_of(event.name)) return end_range(event, *kind);
      return {};
    case Kind::other: return {};
  }
  return {};
}

Result<void> TraceOverlap::begin_region(const TraceEvent& event) {
  if (!is_of_name(event.name)) {
    if (other_regions_.size() < k_trace_other_regions_max) other_regions_.insert(event.name);
    return {};
  }
  TRY(count_span());
  auto reason = reason_in(event.name);
  const bool typed = reason.has_value();
  Goroutine& goroutine = goroutines_[event.goroutine];
  goroutine.had_region = true;
  goroutine.open.push_back({event.name, event.task, now_ns_, std::move(reason), typed});
  return {};
}

Result<void> TraceOverlap::end_region(const TraceEvent& event) {
  if (!is_of_name(event.name)) return {};
  Goroutine& goroutine = goroutines_[event.goroutine];
  goroutine.had_region = true;
  goroutine.last_end_ns = now_ns_;
  auto& open = goroutine.open;
  const auto found = std::find_if(open.rbegin(), open.rend(), [&](const OpenRegion& region) {
    return region.type == event.name && region.task == event.task;
  });
  if (found == open.rend()) {
    TRY(count_span());
    ++report_.regions_before;
    if (guesses_were_dropped_) ++report_.regions_incomplete;
    return add_region(event.goroutine,
                      {event.name, event.task, start_ns_, reason_in(event.name), true});
  }
  const OpenRegion region = std::move(*found);
  open.erase(std::prev(found.base()));
  return add_region(event.goroutine, region);
}

Result<void> TraceOverlap::add_region(std::int64_t goroutine, const OpenRegion& region) {
  const auto [at, is_new] =
      reason_index_.try_emplace(region.reason, static_cast<std::uint32_t>(reasons_.size()));
  if (is_new) {
    if (reasons_.size() >= k_trace_reasons_max) {
      return fail(Code::exhausted, fmt::format("regions of {} have more than {} reasons", name_,
                                               k_trace_reasons_max));
    }
    reasons_.push_back(region.reason);
  }
  regions_.push_back({{region.begin_ns, now_ns_}, goroutine, at->second});
  return {};
}

Result<void> TraceOverlap::end_goroutine(std::int64_t id) {
  const auto at = goroutines_.find(id);
  if (at == goroutines_.end()) return {};
  for (const OpenRegion& region : std::exchange(at->second.open, {})) {
    TRY(add_region(id, region));
  }
  // Its id never comes again.
  const auto& spans = at->second.spans;
  const bool did_nothing = std::ranges::all_of(spans, &std::vector<Span>::empty);
  if (at->second.had_region && !did_nothing) return {};
  guesses_ -= at->second.guesses;
  goroutines_.erase(at);
  return {};
}

void TraceOverlap::take_log(const TraceEvent& event) {
  if (event.name != "reason" || event.message.empty()) return;
  const auto at = goroutines_.find(event.goroutine);
  if (at == goroutines_.end() || at->second.open.empty()) return;
  OpenRegion& innermost = at->second.open.back();
  if (!innermost.typed) innermost.reason = event.message;
}

void TraceOverlap::begin_range(const TraceEvent& event, GcKind kind) {
  const bool was_active = event.kind == Kind::range_active;
  const std::int64_t begin_ns = was_active ? start_ns_ : now_ns_;
  // Each generation of a trace tells again what is active.
  const auto [at, is_new] = ranges_.try_emplace({event.name, event.scope},
                                                OpenRange{kind, begin_ns, goroutine_of(event)});
  if (!is_new) return;
  if (was_active) ++report_.ranges_before;
  KindState& state = kinds_[index_of(kind)];
  if (state.active++ == 0) state.since_ns = now_ns_;
}

Result<void> TraceOverlap::end_range(const TraceEvent& event, GcKind kind) {
  auto at = ranges_.find({event.name, event.scope});
  if (at == ranges_.end()) {
    TraceEvent earlier = event;
    earlier.kind = Kind::range_active;
    begin_range(earlier, kind);
    at = ranges_.find({event.name, event.scope});
  }
  OpenRange range = at->second;
  if (range.goroutine < 0) range.goroutine = goroutine_of(event);
  ranges_.erase(at);
  return close_range(range);
}

Result<void> TraceOverlap::close_range(const OpenRange& range) {
  const Span span{range.begin_ns, now_ns_};
  KindState& state = kinds_[index_of(range.kind)];
  GcTotal& total = state.total;
  ++total.ranges;
  total.time.sum_ns = add_ns(total.time.sum_ns, span.length_ns());
  --state.active;
  if (span.begin_ns == start_ns_) {
    // It may have become known late: everything up to now is covered, whatever was counted.
    total.time.wall_ns = now_ns_ - start_ns_;
    state.since_ns = now_ns_;
  } else if (state.active == 0) {
    total.time.wall_ns += now_ns_ - state.since_ns;
  }
  if (!is_own_work(range.kind)) {
    TRY(count_span());
    state.spans.push_back(span);
    return {};
  }
  if (range.goroutine < 0) return {};
  const auto at = goroutines_.find(range.goroutine);
  const bool inside = at != goroutines_.end() &&
                      (!at->second.open.empty() || at->second.last_end_ns > span.begin_ns);
  if (inside) {
    TRY(count_span());
    at->second.spans[index_of(range.kind)].push_back(span);
    return {};
  }
  // A region that began before the trace may be open: only its end will tell.
  if (guesses_ >= guesses_max_) {
    guesses_were_dropped_ = true;
    return {};
  }
  Goroutine& goroutine = goroutines_[range.goroutine];
  ++guesses_;
  ++goroutine.guesses;
  goroutine.spans[index_of(range.kind)].push_back(span);
  return {};
}

ReasonOverlap TraceOverlap::measure(const std::vector<const Region*>& regions,
                                    const PerGcKind<Timeline>& everybody,
                                    const std::map<std::int64_t, PerGcKind<Timeline>>& own) const {
  static const PerGcKind<Timeline> k_no_work;
  ReasonOverlap result;
  result.regions = regions.size();
  std::map<std::int64_t, std::vector<Span>> by_goroutine;
  std::vector<Span> spans;
  for (const Region* region : regions) {
    result.time.sum_ns = add_ns(result.time.sum_ns, region->span.length_ns());
    spans.push_back(region->span);
    by_goroutine[region->goroutine].push_back(region->span);
  }
  const Timeline together(std::move(spans));
  result.time.wall_ns = together.total_ns();

  PerGcKind<std::vector<Span>> own_work;
  for (auto& [id, of_goroutine] : by_goroutine) {
    const auto at = own.find(id);
    const PerGcKind<Timeline>& work = at == own.end() ? k_no_work : at->second;
    for (const GcKind kind : k_every_kind) {
      const std::size_t k = index_of(kind);
      const Timeline& timeline = is_own_work(kind) ? work[k] : everybody[k];
      auto& sum_ns = result.during[k].sum_ns;
      for (const Span& span : of_goroutine) sum_ns = add_ns(sum_ns, timeline.overlap_ns(span));
    }
    const Timeline merged(std::move(of_goroutine));
    for (const GcKind kind : k_every_kind) {
      const std::size_t k = index_of(kind);
      if (!is_own_work(kind)) continue;
      const Timeline common = work[k].common_with(merged);
      own_work[k].insert(own_work[k].end(), common.spans().begin(), common.spans().end());
    }
  }
  for (const GcKind kind : k_every_kind) {
    const std::size_t k = index_of(kind);
    result.during[k].wall_ns = is_own_work(kind) ? Timeline(std::move(own_work[k])).total_ns()
                                                 : everybody[k].common_with(together).total_ns();
  }
  return result;
}

Result<TraceReport> TraceOverlap::finish() {
  if (now_ns_ == start_ns_) {
    return fail(Code::invalid, "it holds no events: the program ended before any were written");
  }
  for (const auto& [key, range] : ranges_) {
    ++report_.ranges_open;
    TRY(close_range(range));
  }
  ranges_.clear();
  for (auto& [id, goroutine] : goroutines_) {
    for (const OpenRegion& region : goroutine.open) {
      ++report_.regions_open;
      TRY(add_region(id, region));
    }
  }
  report_.duration_ns = now_ns_ - start_ns_;
  report_.other_regions.assign(other_regions_.begin(), other_regions_.end());

  PerGcKind<Timeline> everybody;
  std::map<std::int64_t, PerGcKind<Timeline>> own;
  for (const GcKind kind : k_every_kind) {
    const std::size_t k = index_of(kind);
    report_.gc[k] = kinds_[k].total;
    everybody[k] = Timeline(std::move(kinds_[k].spans));
    for (auto& [id, goroutine] : goroutines_) {
      if (!goroutine.had_region) continue;
      own[id][k] = Timeline(std::move(goroutine.spans[k]));
    }
  }
  std::vector<const Region*> all;
  std::vector<std::vector<const Region*>> by_reason(reasons_.size());
  for (const Region& region : regions_) {
    all.push_back(&region);
    by_reason[region.reason].push_back(&region);
  }
  for (std::size_t i = 0; i < reasons_.size(); ++i) {
    report_.reasons.push_back(measure(by_reason[i], everybody, own));
    report_.reasons.back().reason = reasons_[i];
  }
  std::ranges::sort(report_.reasons, [](const ReasonOverlap& a, const ReasonOverlap& b) {
    if (a.time.sum_ns != b.time.sum_ns) return a.time.sum_ns > b.time.sum_ns;
    return a.reason < b.reason;
  });
  report_.all = measure(all, everybody, own);
  return std::move(report_);
}

}  // namespace sluice::insight
