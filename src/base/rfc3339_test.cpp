#include "base/rfc3339.hpp"

#include <doctest/doctest.h>

namespace sluice {

TEST_CASE("RFC 3339: what is written is read again") {
  constexpr UnixNanos k_time = 1'795'860'904'359'230'000;
  CHECK(rfc3339(k_time) == "2026-11-28T10:15:04.359230000Z");
  CHECK(rfc3339_short(k_time) == "2026-11-28T10:15:04.35923Z");
  CHECK(rfc3339_short(1'795'860'900'000'000'000) == "2026-11-28T10:15:00Z");
  for (const UnixNanos time : {k_time, UnixNanos{0}, UnixNanos{-1}, UnixNanos{1}}) {
    CHECK(parse_rfc3339(rfc3339(time)) == time);
    CHECK(parse_rfc3339(rfc3339_short(time)) == time);
  }
}

TEST_CASE("RFC 3339: what is no moment in UTC is none") {
  for (const std::string_view text :
       {"", "Z", "2026-11-28T10:15:04", "2026-11-28T10:15:04.Z", "2026-11-28T10:15:04.1234567890Z",
        "2026-11-28 10:15:04Z", "2026-11-31T10:15:04Z", "2026-13-01T10:15:04Z",
        "2026-11-28T24:15:04Z", "2026-11-28T10:60:04Z", "2026-11-28T10:15:04+01:00",
        "0001-01-01T00:00:00Z", "2026-11-28T10:15:-4Z", "2026-11-28T10:15:04.-1Z"}) {
    INFO(text);
    CHECK_FALSE(parse_rfc3339(text).has_value());
  }
}

}  // namespace sluice
