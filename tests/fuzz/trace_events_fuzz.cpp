// Any bytes as the output of `go tool trace -d=parsed` and as the header of a trace: refused or
// understood, the same in one piece and in many, and no part of a time is longer than its whole.
#include "base/bytes.hpp"
#include "insight/trace_events.hpp"
#include "insight/trace_overlap.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace sluice;

namespace {

Result<insight::TraceReport> read(std::string_view text, std::size_t piece_size) {
  insight::TraceOverlap overlap("cache.Invalidate");
  insight::TraceEventReader reader(
      [&overlap](const insight::TraceEvent& event) { return overlap.take(event); });
  for (; !text.empty(); text.remove_prefix(std::min(piece_size, text.size()))) {
    TRY(reader.feed(text.substr(0, piece_size)));
  }
  TRY(reader.finish());
  return overlap.finish();
}

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const insight::ReasonOverlap& overlap, const insight::TraceReport& report) {
  require(overlap.time.wall_ns <= overlap.time.sum_ns);
  require(overlap.time.wall_ns <= report.duration_ns);
  for (std::size_t k = 0; k < insight::k_gc_kinds; ++k) {
    require(overlap.during[k].sum_ns <= overlap.time.sum_ns);
    require(overlap.during[k].wall_ns <= overlap.time.wall_ns);
    require(overlap.during[k].wall_ns <= overlap.during[k].sum_ns);
    require(overlap.during[k].wall_ns <= report.gc[k].time.wall_ns);
    require(overlap.during[k].wall_ns >= 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(std::as_bytes(std::span(data, size)));
  static_cast<void>(insight::trace_version_of(text));
  const auto report = read(text, size + 1);
  const auto again = read(text, 7);
  require(report.has_value() == again.has_value());
  if (!report) {
    require(report.error().message == again.error().message);
    const bool is_empty = report.error().code == Code::invalid;
    require(is_empty || report.error().message.starts_with("line "));
    return 0;
  }
  require(report->duration_ns == again->duration_ns);
  check(report->all, *report);
  for (const auto& one : report->reasons) check(one, *report);
  for (const auto& total : report->gc) {
    require(total.time.wall_ns <= report->duration_ns);
    require(total.time.wall_ns <= total.time.sum_ns);
  }
  return 0;
}
