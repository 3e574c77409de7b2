#include "insight/timeline.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace sluice::insight {

Timeline::Timeline(std::vector<Span> spans) {
  std::erase_if(spans, [](const Span& span) { return span.length_ns() == 0; });
  std::ranges::sort(spans, {}, &Span::begin_ns);
  for (const Span& span : spans) {
    if (!spans_.empty() && span.begin_ns <= spans_.back().end_ns) {
      spans_.back().end_ns = std::max(spans_.back().end_ns, span.end_ns);
    } else {
      spans_.push_back(span);
    }
  }
  before_.reserve(spans_.size());
  for (const Span& span : spans_) before_.push_back(total_ns() + span.length_ns());
}

std::int64_t Timeline::covered_before_ns(std::int64_t time_ns) const {
  // The first span that begins at or after the moment, and the one before it.
  const auto next = std::ranges::lower_bound(spans_, time_ns, {}, &Span::begin_ns);
  if (next == spans_.begin()) return 0;
  const auto at = static_cast<std::size_t>(std::prev(next) - spans_.begin());
  return before_[at] - std::max<std::int64_t>(0, spans_[at].end_ns - time_ns);
}

std::int64_t Timeline::overlap_ns(Span span) const {
  if (span.length_ns() == 0) return 0;
  return covered_before_ns(span.end_ns) - covered_before_ns(span.begin_ns);
}

Timeline Timeline::common_with(const Timeline& few) const {
  std::vector<Span> common;
  for (const Span& span : few.spans_) {
    for (auto at = std::ranges::upper_bound(spans_, span.begin_ns, {}, &Span::end_ns);
         at != spans_.end() && at->begin_ns < span.end_ns; ++at) {
      common.push_back({std::max(span.begin_ns, at->begin_ns), std::min(span.end_ns, at->end_ns)});
    }
  }
  return Timeline(std::move(common));
}

std::int64_t add_ns(std::int64_t a_ns, std::int64_t b_ns) {
  constexpr auto k_max = std::numeric_limits<std::int64_t>::max();
  return a_ns > k_max - b_ns ? k_max : a_ns + b_ns;
}

}  // namespace sluice::insight
