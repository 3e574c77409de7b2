#include "cli/why_words.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

TEST_CASE("why: patterns are go's") {
  CHECK(import_pattern("./...", "example.org/m") == "example.org/m/...");
  CHECK(import_pattern(".", "example.org/m/x") == "example.org/m/x");
  CHECK(import_pattern("../y", "example.org/m/x") == "example.org/m/y");
  CHECK(import_pattern("fmt", "example.org/m") == "fmt");
  CHECK(import_pattern("./x", "") == "./x");
  CHECK(matches("example.org/m/x", {"example.org/m/..."}));
  CHECK(matches("example.org/m", {"example.org/m/..."}));
  CHECK_FALSE(matches("example.org/more", {"example.org/m/..."}));
  CHECK(matches("p [p.test]", {"p"}));
  CHECK(matches("p.test", {"p"}));
  CHECK(matches("p_test [p.test]", {"p"}));
  CHECK_FALSE(matches("p/q", {"p"}));
  CHECK(matches("anything", {"all"}));
}

TEST_CASE("why: jobs, causes and ways in words") {
  journal::JobRow job;
  job.id = 7;
  job.uid = "github/1";
  CHECK(name_of(job) == "job 7");
  job.ci = "github";
  CHECK(name_of(job) == "job 7 (github/1)");
  CHECK(causes_text({}) == "not known");
  CHECK(causes_text({{"file", "a.go changed"}, {"race", "-race: not set -> true"}}) ==
        "a.go changed; -race: not set -> true");
  CHECK(way_text({"b", "a"}) == "b <- a");
  CHECK(some_of({"a", "b", "c", "d", "e", "f", "g", "h"}, 1) == "b, c, d, e, f and 2 more");
  CHECK(against_text(std::nullopt).empty());
  CHECK(against_text(insight::Against{3, "", 0}).starts_with("job 3, "));
  CHECK(against_text(insight::Against{0, "", 0}).starts_with("the store, "));
}

TEST_CASE("why: a job is named by the last command of go's") {
  insight::Explanation explanation;
  explanation.job.id = 7;
  for (const auto& words :
       {std::vector<std::string>{"go", "vet"}, {"go", "build"}, {"sluice", "ci", "end"}}) {
    journal::CommandRow row;
    row.words = words;
    row.duration_us = 1;
    explanation.commands.push_back(row);
  }
  CHECK(header_text(explanation.job, explanation.commands)
            .starts_with("job 7: go build and 2 more ("));
  explanation.commands.erase(explanation.commands.begin(), explanation.commands.begin() + 2);
  CHECK(header_text(explanation.job, explanation.commands).starts_with("job 7: sluice ci end ("));
}

TEST_CASE("why: how a job ended stands in its first line") {
  insight::Explanation explanation;
  const auto ends_with = [&explanation](std::string_view end) {
    const std::string text = header_text(explanation.job, explanation.commands);
    CAPTURE(text);
    CHECK(text.ends_with(std::string(end) + "\n"));
  };
  journal::CommandRow well;
  well.words = {"go", "build"};
  well.duration_us = 1'000'000;
  journal::CommandRow failed = well;
  failed.exit_status = 1;
  journal::CommandRow killed = well;
  killed.signal = 9;
  journal::CommandRow open = well;
  open.duration_us = std::nullopt;
  explanation.commands = {well};
  ends_with(", 1.00 s)");
  explanation.commands = {failed};
  ends_with(", 1.00 s; exit status 1)");
  explanation.commands = {killed};
  ends_with(", 1.00 s; killed by signal 9)");
  explanation.commands = {open};
  ends_with(", 0.00 s; not ended)");
  explanation.commands = {failed, killed, open, well};
  ends_with(", 3.00 s; 2 failed; 1 not ended)");
}

}  // namespace sluice::cli
