#include "cli/mtime.hpp"

#include "codec/json.hpp"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::cli;

TEST_CASE("the outcome in words says what make makes of it, where something was changed") {
  MtimeOutcome outcome;
  outcome.files = 7;
  outcome.directories = 2;
  CHECK(mtime_text(outcome, false) == "7 files and 2 directories; 0 got another time\n");
  outcome.changed = 3;
  outcome.hashed = 1;
  const std::string text = mtime_text(outcome, true);
  CHECK(
      text.starts_with("7 files and 2 directories; 3 would get another time; 1 file that looks "
                       "other than in git's index was hashed, none is modified\n"));
  CHECK(text.find("\nThese times") != std::string::npos);
  outcome.hashed = 14;
  outcome.modified = 2;
  CHECK(mtime_text(outcome, true)
            .find("; 14 files that look other than in git's index were "
                  "hashed, 2 are modified\n") != std::string::npos);
  outcome.failures = 2;
  outcome.first_failure = "set the time of x: no\nway";
  CHECK(mtime_text(outcome, false).find("; 2 resisted, the first: set the time of x: no?way") !=
        std::string::npos);
}

TEST_CASE("the outcome for programs has every number") {
  MtimeOutcome outcome;
  outcome.changed = 3;
  const auto json = codec::parse_json(mtime_json(outcome, true));
  REQUIRE(json);
  CHECK(json->bool_or("dry_run", false));
  CHECK(json->int_or("changed", 0) == 3);
  CHECK(json->int_or("files", -1) == 0);
  CHECK(json->text_or("first_failure", "none") == "");
}
