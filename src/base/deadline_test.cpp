#include "base/deadline.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using std::chrono::milliseconds;

TEST_CASE("a deadline passes and says what is left") {
  const Deadline now = Deadline::after(milliseconds(0));
  CHECK(now.passed());
  CHECK(now.left_ms() == 0);
  const Deadline past = Deadline::after(milliseconds(-1000));
  CHECK(past.passed());
  CHECK(past.left_ms() == 0);
  const Deadline later = Deadline::after(milliseconds(60'000));
  CHECK_FALSE(later.passed());
  CHECK(later.left_ms() > 50'000);
  CHECK(later.left_ms() <= 60'000);
}

TEST_CASE("a deadline that never passes still gives poll(2) a bound") {
  constexpr int k_day_ms = 24 * 60 * 60 * 1000;
  CHECK(Deadline::never().is_never());
  CHECK_FALSE(Deadline::never().passed());
  CHECK(Deadline::never().left_ms() == k_day_ms);
  CHECK(Deadline::after(std::chrono::hours(1000)).left_ms() == k_day_ms);
}

TEST_CASE("the sooner of two deadlines") {
  const Deadline soon = Deadline::after(milliseconds(10));
  const Deadline late = Deadline::after(milliseconds(10'000));
  CHECK(soon.sooner(late).at() == soon.at());
  CHECK(late.sooner(soon).at() == soon.at());
  CHECK(Deadline::never().sooner(late).at() == late.at());
}

TEST_CASE("time stamps are nanoseconds of this century") {
  constexpr UnixNanos k_year_2020_ns = 1'577'836'800'000'000'000;
  CHECK(unix_now_ns() > k_year_2020_ns);
}
