#include "cli/trace.hpp"

#include "base/strings.hpp"
#include "codec/json.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace sluice::cli {

namespace {

const TraceSource k_source{
    .file = "t.out", .version = 26, .region = "cache.Invalidate", .go_version = "go1.26.8"};

insight::TraceReport sample() {
  insight::TraceReport report;
  report.duration_ns = 50'000'000;
  insight::ReasonOverlap ttl;
  ttl.reason = "ttl";
  ttl.regions = 2;
  ttl.time = {20'000'000, 20'000'000};
  ttl.during[0] = {5'000'000, 5'000'000};
  report.reasons = {ttl};
  report.all = ttl;
  report.gc[0] = {.ranges = 3, .time = {10'000'000, 10'000'000}};
  return report;
}

std::string line_with(const std::string& text, std::string_view words) {
  for (const std::string_view line : split(text, '\n')) {
    if (line.find(words) != std::string_view::npos) return std::string(line);
  }
  return "no such line in: " + text;
}

Error error_of(sys::ExitStatus status, std::string_view errors) {
  return trace_tool_error(k_source, status, errors);
}

}  // namespace

TEST_CASE("trace: the report in both directions") {
  const std::string text = trace_text(k_source, sample());
  CHECK(text.starts_with("t.out: a go 1.26 trace of 50.000 ms with 2 regions of "));
  CHECK(line_with(text, "  ttl ") ==
        "  ttl           2      20.000    5.000  25.0%    0.000   0.0%    0.000   0.0%    0.000   "
        "0.0%");
  CHECK(
      line_with(text, "during ttl") ==
      "  during ttl                     5.000  50.0%    0.000      -    0.000      -    0.000     "
      " -");
  CHECK(line_with(text, "how many").starts_with("  how many                                  3"));
  CHECK(text.find("by the clock: what ran at once") == std::string::npos);
  CHECK(text.find("any reason") == std::string::npos);
}

TEST_CASE("trace: regions at once are shown summed and by the clock") {
  insight::TraceReport report = sample();
  insight::ReasonOverlap none;
  none.regions = 1;
  none.time = {1'000'000, 1'000'000};
  report.reasons.push_back(none);
  report.all.regions = 3;
  report.all.time = {21'000'000, 20'500'000};
  const std::string text = trace_text(k_source, report);
  CHECK(text.find("The same by the clock") != std::string::npos);
  CHECK(line_with(text, "  any reason ").find("21.000") != std::string::npos);
  CHECK(text.find("20.500") != std::string::npos);
  CHECK(line_with(text, "(none)").find("1.000") != std::string::npos);
}

TEST_CASE("trace: what was cut off, what is not shown, and names that are not there") {
  insight::TraceReport report = sample();
  report.regions_open = 1;
  report.ranges_before = 2;
  report.regions_incomplete = 3;
  report.reasons.assign(31, report.reasons.front());
  std::string text = trace_text(k_source, report);
  CHECK(text.find("counted up to there: regions: 1, ranges of the collector: 0.") !=
        std::string::npos);
  CHECK(text.find("counted from its start: regions: 0, ranges of the collector: 2.") !=
        std::string::npos);
  CHECK(text.find("Of those regions 3 had more") != std::string::npos);
  CHECK(text.find("1 more of the reasons are in") != std::string::npos);
  insight::TraceReport empty;
  text = trace_text(k_source, empty);
  CHECK(line_with(text, "No region") ==
        "No region is named cache.Invalidate; the trace has no regions at all.");
  empty.other_regions = {"a", "b\x1b[31m"};
  text = trace_text(k_source, empty);
  CHECK(line_with(text, "No region").ends_with("There are: a, b?[31m"));
}

TEST_CASE("trace: the report for programs") {
  insight::TraceReport report = sample();
  report.reasons.front().reason.reset();
  const auto json = codec::parse_json(trace_json(k_source, report));
  REQUIRE(json);
  CHECK(json->text_or("trace_version", "") == "go 1.26");
  CHECK(json->find("all")->int_or("regions", 0) == 2);
  const auto& reason = json->find("reasons")->as_array()->at(0);
  CHECK(reason.find("reason")->is_null());
  CHECK(reason.find("mark")->int_or("sum_ns", 0) == 5'000'000);
  CHECK(reason.find("mark_assist")->int_or("wall_ns", -1) == 0);
  CHECK(json->find("collection")->find("mark")->int_or("ranges", 0) == 3);
  CHECK(json->int_or("regions_open", -1) == 0);
}

TEST_CASE("trace: why the tool failed") {
  Error error = error_of({.code = 1, .signal = 0},
                         "go: downloading go1.25.0 (linux/amd64)\nunknown or unsupported trace "
                         "version go 1.26\n");
  CHECK(error.code == Code::unsupported);
  CHECK(
      error.message ==
      "trace: t.out: go1.26.8 does not read a \"go 1.26 trace\"; put a newer go first in PATH, or "
      "set GOTOOLCHAIN=go1.26.0");
  error =
      error_of({.code = 1, .signal = 0}, "broken trace: failed to advance: frontier:\n[gen=1]\n");
  CHECK(error.code == Code::invalid);
  CHECK(
      error.message.starts_with("trace: t.out: it is cut off or damaged (broken trace: failed to "
                                "advance: frontier); record it again"));
  error =
      error_of({.code = 1, .signal = 0},
               "invalid value \"parsed\" for flag -d: parse error\nUsage of 'go tool trace':\n");
  CHECK(error.code == Code::unsupported);
  CHECK(
      error.message ==
      "trace: go1.26.8 cannot print a trace, Go 1.24 and newer can; put a newer go first in PATH, "
      "or set GOTOOLCHAIN=go1.26.0");
  error = error_of({.code = 1, .signal = 0}, "go: no such tool \"trace\"\n");
  CHECK(error.code == Code::unavailable);
  CHECK(error.message == "trace: 'go1.26.8 tool trace' ended with 1: go: no such tool \"trace\"");
  CHECK(error_of({.code = 2, .signal = 0}, "panic: x\n").code == Code::unavailable);
  CHECK(error_of({.code = 1, .signal = 0}, "").message ==
        "trace: 'go1.26.8 tool trace' ended with 1");
  CHECK(error_of({.code = 0, .signal = 9}, "").message ==
        "trace: 'go1.26.8 tool trace' was ended by signal 9");
}

}  // namespace sluice::cli
