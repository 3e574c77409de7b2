#include "cli/report.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

TEST_CASE("report: where it goes") {
  const auto file_of = [](const std::vector<std::string>& words, const sys::Environment& env) {
    const auto invocation = parse_words(words);
    REQUIRE(invocation);
    return report_file(*invocation, env);
  };
  sys::Environment github;
  github.set("GITHUB_STEP_SUMMARY", "/summary.md");
  CHECK(file_of({"report"}, {}).empty());
  CHECK(file_of({"report"}, github) == "/summary.md");
  CHECK(file_of({"report", "--file", "out.md"}, github) == "out.md");
  CHECK_FALSE(parse_words({"report", "extra"}));
}

}  // namespace sluice::cli
