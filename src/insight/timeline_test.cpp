#include "insight/timeline.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <limits>
#include <set>
#include <utility>

using namespace sluice::insight;

namespace {

using Moments = std::set<std::int64_t>;

std::vector<Span> spans_of(const std::vector<std::pair<std::uint8_t, std::uint8_t>>& pairs) {
  std::vector<Span> spans;
  for (const auto& [begin, length] : pairs) spans.push_back({begin, begin + length % 32});
  return spans;
}

// Every nanosecond by itself.
Moments moments_of(const std::vector<Span>& spans) {
  Moments moments;
  for (const Span& span : spans) {
    for (std::int64_t at = span.begin_ns; at < span.end_ns; ++at) moments.insert(at);
  }
  return moments;
}

std::int64_t shared(const Moments& a, const Moments& b) {
  std::int64_t count = 0;
  for (const auto at : a) count += b.contains(at) ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("timeline: spans that touch become one, empty ones vanish") {
  const Timeline timeline({{30, 40}, {10, 20}, {20, 25}, {5, 5}, {9, 8}, {32, 35}});
  REQUIRE(timeline.spans().size() == 2);
  CHECK(timeline.spans()[0].begin_ns == 10);
  CHECK(timeline.spans()[0].end_ns == 25);
  CHECK(timeline.total_ns() == 25);
  CHECK(timeline.overlap_ns({0, 100}) == 25);
  CHECK(timeline.overlap_ns({24, 31}) == 2);
  CHECK(timeline.overlap_ns({25, 30}) == 0);
  CHECK(timeline.overlap_ns({31, 24}) == 0);
  CHECK(Timeline().total_ns() == 0);
  CHECK(Timeline().overlap_ns({0, 5}) == 0);
}

TEST_CASE("timeline: the same as every nanosecond counted by itself") {
  using Pairs = std::vector<std::pair<std::uint8_t, std::uint8_t>>;
  CHECK(rc::check([](const Pairs& one, const Pairs& two, std::uint8_t begin, std::uint8_t length) {
    const auto a = spans_of(one);
    const auto b = spans_of(two);
    const Timeline left(a);
    const Timeline right(b);
    const Moments left_moments = moments_of(a);
    const Moments right_moments = moments_of(b);
    const Span window{begin, begin + length};
    RC_ASSERT(left.total_ns() == static_cast<std::int64_t>(left_moments.size()));
    RC_ASSERT(left.overlap_ns(window) == shared(left_moments, moments_of({window})));
    const Timeline common = left.common_with(right);
    RC_ASSERT(moments_of(common.spans()).size() == static_cast<std::size_t>(common.total_ns()));
    RC_ASSERT(common.total_ns() == shared(left_moments, right_moments));
    RC_ASSERT(right.common_with(left).total_ns() == common.total_ns());
    for (std::size_t i = 1; i < left.spans().size(); ++i) {
      RC_ASSERT(left.spans()[i - 1].end_ns < left.spans()[i].begin_ns);
    }
  }));
}

TEST_CASE("timeline: sums end at the largest number") {
  constexpr auto k_max = std::numeric_limits<std::int64_t>::max();
  CHECK(add_ns(1, 2) == 3);
  CHECK(add_ns(k_max, 1) == k_max);
  const Timeline all({{0, k_max}, {1, 2}});
  CHECK(all.total_ns() == k_max);
  CHECK(all.overlap_ns({k_max - 1, k_max}) == 1);
}
