#include "insight/trace_events.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <vector>

using namespace sluice;
using namespace sluice::insight;
using Kind = TraceEvent::Kind;

namespace {

TraceEvent event_of(std::string_view line) {
  const auto event = parse_trace_event(line);
  REQUIRE_MESSAGE(event, line);
  REQUIRE_MESSAGE(*event, line);
  return **event;
}

std::string refusal(std::string_view header) {
  const auto version = trace_version_of(header);
  REQUIRE(!version);
  return std::string(name_of(version.error().code)) + ": " + version.error().message;
}

std::string header_of(std::string_view text) {
  return std::string(text) + std::string(k_trace_header_size - text.size(), '\0');
}

std::optional<std::string> unquoted(std::string_view text) {
  auto value = take_go_string(text);
  CHECK((!value || text == "rest"));
  return value;
}

// As strconv.Quote writes bytes that are no text; every byte may be escaped.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    constexpr std::string_view k_digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= ' ' && byte < 0x7f && c != '"' && c != '\\') {
      out += c;
    } else {
      out += {'\\', 'x', k_digits[byte >> 4U], k_digits[byte & 15U]};
    }
  }
  return out + "\"";
}

}  // namespace

TEST_CASE("trace events: lines of Go 1.24 to 1.27") {
  TraceEvent event = event_of(
      "M=25189 P=0 G=1 RangeBegin Time=48468292605376 Name=\"stop-the-world (start trace)\" "
      "Scope=Goroutine(1)");
  CHECK(event.kind == Kind::range_begin);
  CHECK(event.time_ns == 48468292605376);
  CHECK(event.goroutine == 1);
  CHECK(event.name == "stop-the-world (start trace)");
  CHECK(event.scope == "Goroutine(1)");

  event = event_of(
      "M=25193 P=0 G=20 RangeEnd Time=5 Name=\"GC incremental sweep\" Scope=Proc(0) "
      "Attributes=[\"bytes swept\"=Uint64(81920) \"bytes reclaimed\"=Uint64(0)]");
  CHECK(event.kind == Kind::range_end);
  CHECK(event.scope == "Proc(0)");
  event = event_of("M=-1 P=-1 G=-1 RangeActive Time=5 Name=\"GC mark assist\" Scope=Goroutine(7)");
  CHECK(event.kind == Kind::range_active);
  CHECK(event.goroutine == -1);

  event = event_of(
      "M=1 P=1 G=18 RegionBegin Time=9 Task=18446744073709551615 Type=\"weird \\\"x\\\" Name=\"");
  CHECK(event.kind == Kind::region_begin);
  CHECK(event.goroutine == 18);
  CHECK(event.task == 18446744073709551615U);
  CHECK(event.name == "weird \"x\" Name=");
  CHECK(event_of("M=1 P=1 G=18 RegionEnd Time=9 Task=0 Type=\"\"").kind == Kind::region_end);

  event = event_of("M=1 P=0 G=1 Log Time=9 Task=1 Category=\"reason\" Message=\"t\\ntl\"");
  CHECK(event.kind == Kind::log);
  CHECK(event.name == "reason");
  CHECK(event.message == "t\ntl");
}

TEST_CASE("trace events: the end of a goroutine, in both orders of the fields") {
  const auto end_of = [](std::string_view line) {
    const TraceEvent event = event_of(line);
    return event.kind == Kind::goroutine_end ? event.goroutine : -1;
  };
  CHECK(end_of("M=1 P=0 G=9 StateTransition Time=1 Resource=Goroutine(9) Reason=\"\" GoID=9 "
               "Running->NotExist") == 9);
  CHECK(end_of("M=1 P=0 G=9 StateTransition Time=1 GoID=9 Running->NotExist Reason=\"\"") == 9);
  CHECK(end_of("M=1 P=0 G=1 StateTransition Time=1 GoID=9 NotExist->Runnable Reason=\"\"") == -1);
  CHECK(end_of("M=1 P=0 G=1 StateTransition Time=1 GoID=9 Running->Waiting "
               "Reason=\"x ->NotExist y\"") == -1);
  CHECK(end_of("M=1 P=0 G=-1 StateTransition Time=1 ProcID=1 Idle->NotExist Reason=\"\"") == -1);
}

TEST_CASE("trace events: what is no event, an event of no interest, and what go does not print") {
  for (const std::string_view line :
       {"", "M=-1 P=-1 G=-1 Sync Time=-1 N=1",
        "Stack=", "TransitionStack=", "\truntime.GC @ 0x45f123", "\t\t/src/runtime/mgc.go:5"}) {
    const auto event = parse_trace_event(line);
    REQUIRE(event);
    CHECK(!*event);
  }
  for (const std::string_view line :
       {"M=-1 P=-1 G=-1 Sync Time=7 N=1 Trace=7 Mono=7 Wall=2026-11-26T17:14:03Z",
        "M=-1 P=-1 G=-1 Sync Time=7", "M=1 P=0 G=1 Metric Time=7 Name=\"/a\" Value=Uint64(2)",
        "M=1 P=0 G=1 Label Time=7 Label=\"GC (idle)\" Resource=Goroutine(5)",
        "M=1 P=0 G=1 FromTheFuture Time=7 Whatever"}) {
    CHECK(event_of(line).kind == Kind::other);
    CHECK(event_of(line).time_ns == 7);
  }
  for (const std::string_view line :
       {"go: downloading go1.27.4", "M=1", "M=x P=0 G=1 Sync Time=7", "M=1 P=0 G=1 Sync",
        "M=1 P=0 G=1 Sync Time=", "M=1 P=0 G=1 Log Time=-7 Task=0 Category=\"\" Message=\"\"",
        "M=1 P=0 G=1  Time=7", "M=1 P=0 G=1 Sync Time=9223372036854775808",
        "M=1 P=0 G=1 RangeBegin Time=7", "M=1 P=0 G=1 RangeBegin Time=7 Name=\"x Scope=None",
        "M=1 P=0 G=1 Log Time=7 Task=1", "M=1 P=0 G=1 RegionBegin Time=7 Task=-1 Type=\"x\"",
        "M=1 P=0 G=1 RangeBegin Time=7 Name=\"x\" Scope="}) {
    const auto event = parse_trace_event(line);
    REQUIRE_MESSAGE(!event, line);
    CHECK(event.error().code == Code::corrupt);
  }
}

TEST_CASE("trace events: Go's strings") {
  CHECK(unquoted("\"\"rest") == "");
  CHECK(unquoted(R"("a\a\b\f\n\r\t\v\\\"z"rest)") == "a\a\b\f\n\r\t\v\\\"z");
  CHECK(unquoted(R"("\x00\xff"rest)") == std::string("\0\xff", 2));
  CHECK(unquoted(R"("\u00e4\u20ac\U0001f600"rest)") == "ä€😀");
  for (const std::string_view bad :
       {"", "a", "\"", "\"a", R"("\)", R"("\")", R"("\q")", R"("\x1")", R"("\xgg")", R"("\u12")",
        R"("\ud800")", R"("\U00110000")", R"("\U-0000001")"}) {
    CHECK_MESSAGE(!unquoted(bad), bad);
  }
  CHECK(rc::check([](const std::string& text) {
    const std::string literal = quoted(text) + "rest";
    std::string_view rest = literal;
    RC_ASSERT(take_go_string(rest) == text);
    RC_ASSERT(rest == "rest");
  }));
}

TEST_CASE("trace events: the header of the file") {
  CHECK(*trace_version_of(header_of("go 1.23 trace")) == 23);
  CHECK(*trace_version_of(header_of("go 1.26 trace") + "more") == 26);
  CHECK(*trace_version_of(header_of("go 1.11 trace")) == 11);
  CHECK(refusal("") == "invalid: it is empty");
  CHECK(refusal(header_of("go 1.99 trace")) ==
        "unsupported: \"go 1.99 trace\" is a version of traces that this sluice does not know; it "
        "knows those up to go 1.26");
  for (const std::string_view other : {"go 1.26 trace", "go 1.26", "package main // a file",
                                       "\x1f\x8b and more of it", "go 1.-1 trace\0\0"}) {
    CHECK(refusal(other) ==
          "invalid: it is no runtime trace of Go; runtime/trace and 'go test -trace' write one");
  }
  CHECK(refusal(header_of("go 1.2x trace")).starts_with("invalid: it is no runtime trace"));
}

TEST_CASE("trace events: pieces of any length are the same events") {
  const std::string text =
      "M=-1 P=-1 G=-1 Sync Time=1\r\n"
      "M=1 P=0 G=1 RegionBegin Time=2 Task=0 Type=\"a\"\nStack=\n\tmain.main @ 0x1\n\t\t/a.go:5\n\n"
      "M=1 P=0 G=1 RegionEnd Time=3 Task=0 Type=\"a\"";
  const auto read = [](const std::vector<std::string>& pieces) {
    std::vector<std::int64_t> times;
    TraceEventReader reader([&](const TraceEvent& event) -> Result<void> {
      times.push_back(event.time_ns);
      return {};
    });
    for (const auto& piece : pieces) REQUIRE(reader.feed(piece));
    REQUIRE(reader.finish());
    return times;
  };
  CHECK(read({text}) == std::vector<std::int64_t>{1, 2, 3});
  CHECK(rc::check([&](std::vector<std::uint8_t> cuts) {
    std::vector<std::string> pieces;
    std::size_t at = 0;
    for (const auto cut : cuts) {
      pieces.push_back(text.substr(at, cut));
      at = std::min(text.size(), at + cut);
    }
    pieces.push_back(text.substr(at));
    RC_ASSERT(read(pieces) == (std::vector<std::int64_t>{1, 2, 3}));
  }));
}

TEST_CASE("trace events: errors name the line") {
  TraceEventReader reader([](const TraceEvent& event) -> Result<void> {
    if (event.time_ns == 3) return fail(Code::exhausted, "too much");
    return {};
  });
  REQUIRE(reader.feed("M=1 P=0 G=1 Sync Time=1\n\n"));
  CHECK(reader.feed("nonsense\n").error().message.starts_with("line 3: \"nonsense\" is no event"));
  CHECK(reader.feed("M=1 P=0 G=1 Sync Time=3\n").error().message == "line 4: too much");
  const auto longer = reader.feed(std::string(k_trace_line_max + 1, '\t'));
  REQUIRE(!longer);
  CHECK(longer.error().message == "line 5: it is longer than 1048576 bytes");
}
