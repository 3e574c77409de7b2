#include "insight/numbers_markdown.hpp"

#include "insight/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {

TEST_CASE("numbers markdown: the report of a job with everything") {
  const std::string text = report_markdown(sample_numbers(), sample_history());
  CHECK(text == golden(SLUICE_GOLDEN_NUMBERS "/report.txt"));
}

TEST_CASE("numbers markdown: the numbers have tables by kind and scope, and no comparison") {
  const std::string text = numbers_markdown(sample_numbers());
  CHECK(text.find("| archive | 118 | 94.9 % | 95 | 17 | 6 | 3.0 MiB |\n") != std::string::npos);
  CHECK(text.find("| branch | 107 | 4.0 KiB |\n") != std::string::npos);
  CHECK(text.find("Against") == std::string::npos);
}

TEST_CASE("numbers markdown: a job without lookups, misses or earlier jobs") {
  const std::string text = report_markdown(Numbers{}, History{});
  CHECK(text.starts_with("### sluice: no lookups\n"));
  CHECK(text.find("Nothing was missing.\n") != std::string::npos);
  CHECK(text.find("there is nothing to compare with.\n") != std::string::npos);
  CHECK(text.find('%') == std::string::npos);
}

TEST_CASE("numbers markdown: what changed since the jobs before") {
  Numbers numbers = sample_numbers();
  numbers.commands_open = numbers.commands_failed = 0;
  std::string text = report_markdown(numbers, sample_history(false));
  CHECK(text.find("(same job, any branch)") != std::string::npos);
  CHECK(text.find("| time | 41.20 s | 40.00 s | 1 | +3 % |\n") != std::string::npos);
  History same = sample_history();
  same.hit_rate->value = 0.9204;
  same.wall_us.reset();
  text = report_markdown(numbers, same);
  CHECK(text.find("| 92.0 % | 92.0 % | 1 | the same |\n") != std::string::npos);
  CHECK(text.find("in each earlier job a command failed or has no end") != std::string::npos);
}

TEST_CASE("numbers markdown: names are no markup") {
  CHECK(code_span("a|`b`\n<c>") == "`a\\|'b'?<c>`");
  CHECK(code_span("a|b", false) == "`a|b`");
  CHECK(code_span("").empty());
}

}  // namespace sluice::insight
