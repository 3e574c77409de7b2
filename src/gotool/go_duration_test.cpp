#include "gotool/go_duration.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

using namespace sluice::gotool;
using std::chrono::nanoseconds;

namespace {

std::string again(std::string_view text) {
  const auto span = parse_go_duration(text);
  return span ? go_duration(*span) : "refused";
}

}  // namespace

// Each right side is what fmt.Println of time.ParseDuration says in Go 1.26.
TEST_CASE("go durations: as Go writes them again") {
  CHECK(again("0") == "0s");
  CHECK(again("10m") == "10m0s");
  CHECK(again("60s") == "1m0s");
  CHECK(again("1h") == "1h0m0s");
  CHECK(again("90m1.5s") == "1h30m1.5s");
  CHECK(again("100ms") == "100ms");
  CHECK(again("1.5ms") == "1.5ms");
  CHECK(again("1500us") == "1.5ms");
  CHECK(again("12.5\xce\xbcs") == "12.5\xc2\xb5s");
  CHECK(again("7ns") == "7ns");
  CHECK(again("-1.5h") == "-1h30m0s");
  CHECK(again("+.5s") == "500ms");
  CHECK(again("1.s") == "1s");
  CHECK(again("1s1s") == "2s");
  CHECK(again("0.000000001s") == "1ns");
  CHECK(again("2540400h10m10s") == "2540400h10m10s");
}

TEST_CASE("go durations: what Go refuses") {
  for (const char* text : {"", "1", "s", ".s", "-", "1d", "1 s", "1s ", "1,5s", "3000000h",
                           "99999999999999999999ns", "1e3s", "1S"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_go_duration(text));
  }
}

TEST_CASE("go durations: what was written is read") {
  CHECK(rc::check("round trip", [] {
    const auto count = *rc::gen::suchThat<std::int64_t>([](auto n) { return n != INT64_MIN; });
    const nanoseconds span(count);
    // Fractions go through a double, here as in Go.
    const auto read = parse_go_duration(go_duration(span));
    RC_ASSERT(read.has_value());
    RC_ASSERT(std::abs((*read - span).count()) <= 1);
  }));
}
