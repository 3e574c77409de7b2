#include "gotool/test_events.hpp"

#include "base/bytes.hpp"
#include "base/strings.hpp"
#include "codec/json.hpp"
#include "sys/corpus_for_test.hpp"
#include "sys/file.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::gotool;

namespace {

sys::Path corpus() { return sys::corpus_beside(__FILE__) / "test_events"; }

std::string read(const sys::Path& file) {
  const auto bytes = sys::read_file(file, 1U << 20U);
  REQUIRE(bytes);
  REQUIRE(*bytes);
  return std::string(text_of(**bytes));
}

std::string events_of(std::string_view output, std::string_view package, int go_minor,
                      std::size_t piece, double elapsed_s = 0) {
  std::string lines;
  TestEvents events(std::string(package), go_minor,
                    [&](const TestEvent& event) { lines += test_event_line(event, "", go_minor); });
  for (; !output.empty(); output.remove_prefix(std::min(piece, output.size()))) {
    events.write(output.substr(0, piece));
  }
  events.close(elapsed_s);
  return lines;
}

// How long test2json itself has run stands in its last event.
double elapsed_at_the_end(std::string_view events) {
  const std::size_t begin = events.rfind('\n', events.size() - 2);
  const auto last = codec::parse_json(events.substr(begin == std::string_view::npos ? 0 : begin));
  REQUIRE(last);
  const codec::Json* elapsed = last->find("Elapsed");
  if (elapsed == nullptr) return 0;
  if (const auto* whole = elapsed->as_int()) return static_cast<double>(*whole);
  return *elapsed->as_double();
}

}  // namespace

TEST_CASE("test events: byte by byte what each release's test2json says") {
  for (const int minor : {24, 25, 26, 27}) {
    for (const std::string_view name :
         {"marked", "verbose", "quiet", "nothing", "panic", "exit", "exit0", "fatal"}) {
      CAPTURE(minor);
      CAPTURE(name);
      const std::string output = read(corpus() / fmt::format("{}.{}.out", name, minor));
      const std::string events = read(corpus() / fmt::format("{}.{}.json", name, minor));
      const bool stops = name.starts_with("exit") || name == "panic" || name == "fatal";
      const std::string package = fmt::format("example.com/events/{}", stops ? "stops" : "many");
      const double elapsed_s = elapsed_at_the_end(events);
      CHECK(events_of(output, package, minor, output.size(), elapsed_s) == events);
      // The name of a benchmark is an event of its own where it comes alone.
      if (name == "marked") continue;
      CHECK(events_of(output, package, minor, 1, elapsed_s) == events);
      CHECK(events_of(output, package, minor, 1000, elapsed_s) == events);
    }
  }
}

TEST_CASE("test events: how the process ended decides, and the build that failed is named") {
  for (const bool success : {true, false}) {
    std::vector<TestEvent> all;
    TestEvents events("p", 26, [&](const TestEvent& event) { all.push_back(event); });
    events.set_failed_build("p [p.test]");
    events.write("PASS\n");
    events.exited(success);
    events.close(1.2345);
    REQUIRE(all.size() == 3);
    CHECK(all[0].action == "start");
    CHECK(all[2].action == (success ? "pass" : "fail"));
    CHECK(all[2].failed_build == (success ? "" : "p [p.test]"));
    CHECK(all[2].elapsed_s == 1.235);
  }
  CHECK(events_of("?   \tp\t[no test files]\n", "p", 26, 100)
            .ends_with("{\"Action\":\"skip\",\"Package\":\"p\",\"Elapsed\":0}\n"));
  CHECK(events_of("", "p", 26, 1) == "{\"Action\":\"start\",\"Package\":\"p\"}\n");
}

TEST_CASE("test events: framing of later releases is output") {
  const std::string_view attr = "\x16=== ATTR  TestA key value\n";
  CHECK(events_of(attr, "p", 24, 100).find("\"attr\"") == std::string::npos);
  CHECK(events_of(attr, "p", 25, 100).find("\"attr\"") != std::string::npos);
  const std::string_view artifacts = "\x16=== ARTIFACTS TestA /there\n";
  CHECK(events_of(artifacts, "p", 25, 100).find("\"artifacts\"") == std::string::npos);
  CHECK(events_of(artifacts, "p", 26, 100).find("\"Path\":\"/there\"") != std::string::npos);
}

TEST_CASE("test events: a line as go writes it") {
  TestEvent event;
  event.action = "output";
  event.test = "TestA";
  event.output = "<a & \"b\">\\ \t\r\n\b\f\x01\x7f\xe2\x80\xa8\xe2\x80\xa9\xff\xc3\xe4\xb8\xad";
  CHECK(test_event_line(event, "2026-11-28T08:00:00.5Z", 26) ==
        "{\"Time\":\"2026-11-28T08:00:00.5Z\",\"Action\":\"output\",\"Test\":\"TestA\","
        "\"Output\":\"\\u003ca \\u0026 \\\"b\\\"\\u003e\\\\ \\t\\r\\n\\b\\f\\u0001\x7f\\u2028"
        "\\u2029\\ufffd\\ufffd\xe4\xb8\xad\"}\n");
  event.output = "\xff";
  CHECK(test_event_line(event, "", 27).find("\xef\xbf\xbd") != std::string::npos);
  const auto elapsed = [](double seconds) {
    TestEvent end;
    end.action = "pass";
    end.elapsed_s = seconds;
    return test_event_line(end, "", 26);
  };
  CHECK(elapsed(0) == "{\"Action\":\"pass\",\"Elapsed\":0}\n");
  CHECK(elapsed(0.01) == "{\"Action\":\"pass\",\"Elapsed\":0.01}\n");
  CHECK(elapsed(1234567.5) == "{\"Action\":\"pass\",\"Elapsed\":1234567.5}\n");
  CHECK(elapsed(1e-7) == "{\"Action\":\"pass\",\"Elapsed\":1e-7}\n");
  CHECK(elapsed(1e22) == "{\"Action\":\"pass\",\"Elapsed\":1e+22}\n");
}
