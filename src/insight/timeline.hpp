// Spans of time, the time that several of them cover together, and what two such have in common.
//
// Spans are half open, [begin, end), in nanoseconds that are not negative. Values; const functions
// from any thread. No errors.
#pragma once

#include <cstdint>
#include <vector>

namespace sluice::insight {

struct Span {
  std::int64_t begin_ns = 0;
  std::int64_t end_ns = 0;
  std::int64_t length_ns() const { return end_ns > begin_ns ? end_ns - begin_ns : 0; }
};

// The union of spans: what they cover, each moment once.
class Timeline {
 public:
  Timeline() = default;
  explicit Timeline(std::vector<Span> spans);  // in any order; empty ones are left out

  // In order, apart from each other, none empty.
  const std::vector<Span>& spans() const { return spans_; }
  std::int64_t total_ns() const { return before_.empty() ? 0 : before_.back(); }
  // How much of the span is covered; logarithmic.
  std::int64_t overlap_ns(Span span) const;
  // What both cover; fast where the other one has few spans.
  Timeline common_with(const Timeline& few) const;

 private:
  std::int64_t covered_before_ns(std::int64_t time_ns) const;

  std::vector<Span> spans_;
  std::vector<std::int64_t> before_;  // covered time up to the end of each span
};

// The sum, or the largest number there is.
std::int64_t add_ns(std::int64_t a_ns, std::int64_t b_ns);

}  // namespace sluice::insight
