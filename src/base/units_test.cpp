#include "base/units.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace sluice;
using std::chrono::milliseconds;

TEST_CASE("sizes are read in the units people write") {
  CHECK(parse_size("0") == 0U);
  CHECK(parse_size("1024") == 1024U);
  CHECK(parse_size("10GiB") == 10ULL << 30U);
  CHECK(parse_size("10G") == 10ULL << 30U);
  CHECK(parse_size("500MB") == 500'000'000U);
  CHECK(parse_size("1.5k") == 1536U);
  CHECK(parse_size(" 2 TiB ") == 2ULL << 40U);
  CHECK(parse_size("7b") == 7U);
}

TEST_CASE("what is no size is refused") {
  for (const char* bad : {"", "GiB", "-1", "+1", "1x", "1 2", "1..5", "1e3", "0x10", "nan", "inf",
                          "1GiBB", "99999999999T", "."}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_size(bad));
  }
}

TEST_CASE("spans of time need a unit and may be sums") {
  CHECK(parse_duration("60s") == milliseconds(60'000));
  CHECK(parse_duration("250ms") == milliseconds(250));
  CHECK(parse_duration("1h30m") == milliseconds(5'400'000));
  CHECK(parse_duration("5d") == milliseconds(432'000'000));
  CHECK(parse_duration("0.5s") == milliseconds(500));
  CHECK(parse_duration("0") == milliseconds(0));
  for (const char* bad : {"", "5", "s", "-1s", "1y", "1h30", "1 h", "9999999999999d", "1.2.3s"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration(bad));
  }
}

TEST_CASE("shares need their sign and end at 100%") {
  CHECK(parse_percent("5%") == doctest::Approx(0.05));
  CHECK(parse_percent("0%") == 0.0);
  CHECK(parse_percent("100%") == 1.0);
  CHECK(parse_percent("0.5%") == doctest::Approx(0.005));
  for (const char* bad : {"", "5", "%", "101%", "-1%", "5%%", "x%"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_percent(bad));
  }
}

TEST_CASE("yes and no have several words, and nothing else is one") {
  for (const char* yes : {"1", "true", "YES", "On"}) CHECK(parse_bool(yes) == true);
  for (const char* no : {"0", "false", "NO", "Off"}) CHECK(parse_bool(no) == false);
  for (const char* bad : {"", "2", "y", "maybe"}) CHECK_FALSE(parse_bool(bad));
}

TEST_CASE("sizes and seconds are written for people") {
  CHECK(format_size(0) == "0 B");
  CHECK(format_size(1023) == "1023 B");
  CHECK(format_size(1024) == "1.0 KiB");
  CHECK(format_size(36'909'875) == "35.2 MiB");
  CHECK(format_size(UINT64_MAX) == "16777216.0 TiB");
  CHECK(format_seconds(milliseconds(210)) == "0.21 s");
  CHECK(format_seconds(milliseconds(0)) == "0.00 s");
}

TEST_CASE("a size that was written is read back within its rounding") {
  CHECK(rc::check([](std::uint32_t size) {
    const auto read = parse_size(format_size(size));
    RC_ASSERT(read.has_value());
    const double off = static_cast<double>(*read) - static_cast<double>(size);
    RC_ASSERT(off <= 0.051 * (1U << 30U) && off >= -0.051 * (1U << 30U));
    if (size < 1024) RC_ASSERT(*read == size);
  }));
}
