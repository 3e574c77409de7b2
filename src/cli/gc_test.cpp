#include "cli/gc.hpp"

#include "codec/json.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

namespace {

Result<gotool::CollectOptions> options_of(const std::vector<std::string>& words) {
  std::vector<std::string> all = {"gc"};
  all.insert(all.end(), words.begin(), words.end());
  const auto invocation = parse_words(all);
  REQUIRE(invocation);
  return collect_options_of(*invocation);
}

std::string refusal(const std::vector<std::string>& words) {
  const auto options = options_of(words);
  if (options) return "accepted";
  CHECK(options.error().code == Code::invalid);
  return options.error().message;
}

}  // namespace

TEST_CASE("bounds") {
  const auto options = options_of({"--max-size", "10GiB", "--max-age", "5d", "--force"});
  REQUIRE(options);
  CHECK(options->size_max == std::uint64_t{10} << 30U);
  CHECK(options->age_max == std::chrono::hours(120));
  CHECK(options->force);
  CHECK_FALSE(options->dry_run);
  CHECK(refusal({}) == "gc: say a bound: --max-size SIZE, --max-age TIME or both");
  CHECK(refusal({"--max-size", "big"}) ==
        "gc: --max-size: \"big\" is not a size with a unit, such as 10GiB");
  CHECK(refusal({"--max-size", "10"}) ==
        "gc: --max-size: \"10\" is not a size with a unit, such as 10GiB");
  CHECK(refusal({"--max-size", "0"}) == "accepted");
  CHECK(refusal({"--max-age", "5"}) ==
        "gc: --max-age: \"5\" is not a time with a unit, such as 5d");
  CHECK(refusal({"--dry-run"}) == "accepted");
}

TEST_CASE("what was collected, for people and programs") {
  gotool::CollectReport report;
  report.bytes_before = 3U << 20U;
  report.bytes_removed = 1U << 20U;
  report.bytes_after = 2U << 20U;
  report.entries_removed = 12;
  CHECK(collect_text("/c", report, false) ==
        "/c: 3.0 MiB: 1.0 MiB in 12 entries removed, 2.0 MiB left\n");
  report.kept_recent_bytes = 1U << 20U;
  report.failures = 2;
  report.first_failure = "remove /c/00/x-a: Operation not permitted";
  CHECK(collect_text("/c", report, true) ==
        "/c: 3.0 MiB: 1.0 MiB in 12 entries would be removed, 2.0 MiB left; 1.0 MiB stay because "
        "they were used in the last day; 2 files resisted, the first: remove /c/00/x-a: Operation "
        "not permitted\n");
  const auto json = codec::parse_json(collect_json("/c", report, true));
  REQUIRE(json);
  CHECK(json->text_or("directory", "") == "/c");
  CHECK(json->bool_or("dry_run", false));
  CHECK(json->int_or("bytes_removed", 0) == 1 << 20);
  CHECK(json->int_or("failures", 0) == 2);
  CHECK(json->text_or("first_failure", "") == report.first_failure);
}

}  // namespace sluice::cli
