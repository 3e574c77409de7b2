#include "insight/numbers_markdown.hpp"

#include "insight/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {

TEST_CASE("numbers markdown: the report of a job with everything") {
  const std::string text = report_markdown(sample_numbers(), Explanation{}, sample_history());
  CHECK(text == golden(SLUICE_GOLDEN_NUMBERS "/report.txt"));
}

TEST_CASE("numbers markdown: the numbers have tables by kind and scope, and no comparison") {
  const std::string text = numbers_markdown(sample_numbers());
  CHECK(text.find("| archive | 118 | 94.9 % | 95 | 17 | 0 | 6 | 3.0 MiB |\n") != std::string::npos);
  CHECK(text.find("| test-output | 7 | 42.8 % | 1 | 0 | 2 | 4 | 2.0 KiB |\n") != std::string::npos);
  CHECK(text.find("| branch | 107 | 4.0 KiB |\n") != std::string::npos);
  CHECK(text.find("Against") == std::string::npos);
}

TEST_CASE("numbers markdown: a job without lookups, misses or earlier jobs") {
  const std::string text = report_markdown(Numbers{}, Explanation{}, History{});
  CHECK(text.starts_with("### sluice: no lookups\n"));
  CHECK(text.find("Nothing was missing.\n") != std::string::npos);
  CHECK(text.find("there is nothing to compare with.\n") != std::string::npos);
  CHECK(text.find('%') == std::string::npos);
}

TEST_CASE("numbers markdown: one test result is one") {
  Numbers numbers;
  numbers.all.reused = 1;
  CHECK(numbers_markdown(numbers).find("0 remote, 1 test result reused)") != std::string::npos);
  numbers.all.reused = 2;
  CHECK(numbers_markdown(numbers).find("0 remote, 2 test results reused)") != std::string::npos);
}

TEST_CASE("numbers markdown: what changed since the jobs before") {
  Numbers numbers = sample_numbers();
  numbers.commands_open = numbers.commands_failed = 0;
  std::string text = report_markdown(numbers, Explanation{}, sample_history(false));
  CHECK(text.find("(same job, any branch)") != std::string::npos);
  CHECK(text.find("| time | 41.20 s | 40.00 s | 1 | +3 % |\n") != std::string::npos);
  History same = sample_history();
  same.hit_rate->value = 0.9204;
  same.wall_us.reset();
  text = report_markdown(numbers, Explanation{}, same);
  CHECK(text.find("| 92.0 % | 92.0 % | 1 | the same |\n") != std::string::npos);
  CHECK(text.find("in each earlier job a command failed or has no end") != std::string::npos);
}

TEST_CASE("numbers markdown: names are no markup") {
  CHECK(code_span("a|`b`\n<c>") == "`a\\|'b'?<c>`");
  CHECK(code_span("a|b", false) == "`a|b`");
  CHECK(code_span("").empty());
  CHECK(code_span("abc", true, 2) == "`ab…`");
}

TEST_CASE("numbers markdown: a cause is whole, with as many names as the journal keeps") {
  std::string names;
  for (int i = 0; i < 20; ++i) names += "testdata/" + std::string(180, 'n') + ", ";
  Explanation explanation;
  explanation.tests.emplace_back().package = "m/t";
  explanation.tests.back().is_proven = true;
  explanation.tests.back().causes = {{"test-input", names + "f changed"}};
  const std::string text = report_markdown(Numbers{}, explanation, History{});
  CHECK(text.find(", f changed` |\n") != std::string::npos);
}

}  // namespace sluice::insight
