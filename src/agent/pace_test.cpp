#include "agent/pace.hpp"

#include "store/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {
namespace {

using std::chrono::microseconds;

// A line of this rate and latency, used by as many requests at once as the pace wants; each round
// they all start together and share the line.
struct Line {
  double bytes_per_second;
  microseconds latency;

  void use(Pace& pace, int rounds) {
    Pace::Clock::time_point now{};
    for (int i = 0; i < rounds; ++i) {
      const unsigned streams = pace.streams();
      const std::uint64_t bytes = pace.request_bytes();
      for (unsigned k = 0; k < streams; ++k) pace.begin(now);
      const double transfer_s = static_cast<double>(bytes) * streams / bytes_per_second;
      now += latency + microseconds(static_cast<std::int64_t>(transfer_s * 1e6));
      for (unsigned k = 0; k < streams; ++k) {
        pace.moved(now, bytes);
        pace.end(now, latency, bytes);
      }
    }
  }
};

TEST_CASE("nothing is known at first: few requests, small ones") {
  const Pace pace(64);
  CHECK(pace.streams() == k_streams_first);
  CHECK(pace.request_bytes() == k_request_bytes_min);
  CHECK(pace.bytes_per_second() == 0);
}

TEST_CASE("a store on this machine is given the cores and no more") {
  Pace pace(2);
  Line{2e9, microseconds(50)}.use(pace, 30);
  CHECK(pace.streams() == 2);
  CHECK(pace.request_bytes() == k_request_bytes_max);
}

TEST_CASE("a line is kept full: the farther the store, the more is under way") {
  Pace near(2);
  Line{125e6, microseconds(20000)}.use(near, 40);
  CHECK(near.streams() >= 6);
  CHECK(near.request_bytes() >= 512U << 10U);
  CHECK(near.request_bytes() <= 1U << 20U);
  Pace far(2);
  Line{125e6, microseconds(100000)}.use(far, 40);
  CHECK(far.request_bytes() > near.request_bytes());
  CHECK(far.streams() * far.request_bytes() > 3 * near.streams() * near.request_bytes());
  CHECK(far.streams() <= k_streams_max);
  CHECK(far.bytes_per_second() > 60e6);
}

TEST_CASE("a slow line gets small requests, so that what is asked for gets its share") {
  Pace pace(2);
  Line{2e6, microseconds(30000)}.use(pace, 30);
  CHECK(pace.request_bytes() <= 512U << 10U);
  CHECK(pace.request_bytes() >= k_request_bytes_min);
  CHECK(pace.streams() >= 2);
}

TEST_CASE("how long something will take is believed first and then known") {
  Pace pace(2);
  CHECK(pace.expected_time(12'500'000) == microseconds(1'020'000));
  Line{125e6, microseconds(5000)}.use(pace, 40);
  CHECK(pace.expected_time(12'500'000) > microseconds(100'000));
  CHECK(pace.expected_time(12'500'000) < microseconds(200'000));
}

TEST_CASE("one long request beside short ones does not make the line look faster than it is") {
  Pace pace(2);
  Pace::Clock::time_point now{};
  constexpr auto k_step = std::chrono::milliseconds(50);
  constexpr std::uint64_t k_each = 250'000;  // 10 MB/s, shared by two
  pace.begin(now);
  std::uint64_t long_bytes = 0;
  for (int i = 0; i < 200; ++i) {
    pace.begin(now);
    now += k_step;
    pace.moved(now, k_each);
    long_bytes += k_each;
    pace.moved(now, k_each);
    pace.end(now, microseconds(20000), k_each);
  }
  pace.end(now, microseconds(20000), long_bytes);
  CHECK(pace.bytes_per_second() > 5e6);
  CHECK(pace.bytes_per_second() < 25e6);
}

TEST_CASE("requests that brought nothing teach nothing") {
  Pace pace(2);
  for (int i = 0; i < 10; ++i) {
    pace.begin({});
    pace.end({}, microseconds(1), 0);
  }
  CHECK(pace.streams() == k_streams_first);
  CHECK(pace.latency() == microseconds(0));
}

TEST_CASE("a paced store is the same store, and its ranged reads are counted") {
  store::testing::MemoryObjects objects;
  Pace pace(2);
  const auto same = paced(objects, pace);
  const Deadline soon = Deadline::after(std::chrono::seconds(5));
  const Bytes body(100'000, std::byte{7});
  REQUIRE(same->put("a/b", store::Body(body), store::PutCondition::always(), soon)->stored);
  CHECK(same->head("a/b", soon).value()->size == body.size());
  CHECK(same->get("a/b", body.size(), soon).value()->bytes == body);
  CHECK(same->list("a", "", 10, soon)->keys.size() == 1);
  std::uint64_t seen = 0;
  for (int i = 0; i < 3; ++i) {
    const auto found = same->get_range(
        "a/b", 10, 1000,
        [&seen](ByteView piece) {
          seen += piece.size();
          return Result<void>{};
        },
        soon);
    CHECK(found.value());
  }
  CHECK(seen == 3000);
  CHECK(pace.request_bytes() > k_request_bytes_min);
  REQUIRE(same->remove("a/b", soon));
  CHECK_FALSE(same->head("a/b", soon).value());
}

}  // namespace
}  // namespace sluice::agent
