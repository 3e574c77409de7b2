// With real go: tests/integration/test_stats.py.
#include "insight/why_numbers.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

PackageWhy made(std::string name, std::vector<Cause> causes, std::vector<std::string> through,
                bool is_proven = true) {
  PackageWhy why;
  why.package = std::move(name);
  why.causes = std::move(causes);
  why.through = std::move(through);
  why.is_proven = is_proven;
  return why;
}

std::uint64_t count_of(const Numbers& numbers, std::string_view reason) {
  for (const ReasonCount& one : numbers.reasons()) {
    if (one.reason == reason) return one.count;
  }
  return 0;
}

}  // namespace

TEST_CASE("why numbers: archives that were never seen get the kinds of their causes") {
  Explanation explanation;
  const std::vector<Cause> edited = {{"file", "a.go changed"}};
  explanation.packages = {made("m/a", edited, {}), made("m/b", edited, {"m/a"}),
                          made("m/c", edited, {"m/b", "m/a"}),
                          made("m/d", {{"never-built", "never built before"}}, {}),
                          made("m/e", {{"compiler", "other"}}, {}, false)};
  explanation.packages.push_back(made("m/f", {}, {}));
  explanation.packages.back().answer = journal::Answer::local;
  Numbers numbers;
  numbers.all.missed = 5;
  numbers.causes = {{std::string(k_reason_new), "archive", 5}};
  explain_misses(numbers, explanation);
  CHECK(count_of(numbers, "file") == 1);
  CHECK(count_of(numbers, k_reason_upstream) == 2);
  CHECK(count_of(numbers, k_reason_new) == 2);
  CHECK(count_of(numbers, "compiler") == 0);
}

TEST_CASE("why numbers: the tables name causes, and say what is not proven") {
  CHECK(why_markdown({}).empty());
  Explanation explanation;
  explanation.groups = {
      {"m/a", {{"file", "a|b.go changed"}}, true, std::nullopt, {"m/a", "m/b"}, 1'500'000},
      {"", {{"compiler", "1"}, {"race", "2"}, {"tags", "3"}, {"env", "4"}}, false, {}, {"x"}, 0}};
  TestWhy ran;
  ran.package = "m/t";
  ran.is_proven = true;
  TestWhy given;
  given.answer = journal::Answer::local;
  explanation.tests = {given, ran};
  CHECK(why_markdown(explanation) ==
        "\n| packages compiled | compile time | because |\n| ---: | ---: | --- |\n"
        "| 2 | 1.50 s | `m/a`: `a\\|b.go changed` |\n"
        "| 1 | 0.00 s | `1`; `2`; `3`; and 1 more (not proven) |\n"
        "\n| tests that ran | because |\n| --- | --- |\n| `m/t` | not known |\n");
  explanation.groups.resize(12, explanation.groups.front());
  CHECK(why_markdown(explanation).find("\nand 2 more: `sluice why`.\n") != std::string::npos);
}

}  // namespace sluice::insight
