#include "cli/journal.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

TEST_CASE("journal: what was added, in words and as JSON") {
  const std::vector<MergedJournal> merged = {{"box.db", 12, 9, 1, {14}},
                                             {"ci.db", 6, 6, 6, {15, 17, 18, 19, 21}},
                                             {"gone.db", 2, 2, 2, {}},
                                             {"old.db", 2, 0, 0, {}}};
  CHECK(merged_text(merged) ==
        "box.db: 9 commands added, 1 job new (14); 3 commands known already\n"
        "ci.db: 6 commands added, 6 jobs new (15, 17 to 19, 21)\n"
        "gone.db: 2 commands added, 2 jobs new\n"
        "old.db: 0 commands added; 2 commands known already\n");
  const auto json = codec::parse_json(merged_json(merged).dump());
  REQUIRE(json);
  const codec::Json& first = json->find("files")->as_array()->front();
  CHECK(first.text_or("file", "") == "box.db");
  CHECK(first.int_or("commands_added", 0) == 9);
  CHECK(first.int_or("jobs_added", 0) == 1);
  REQUIRE(first.find("jobs")->as_array()->size() == 1);
  CHECK(*first.find("jobs")->as_array()->front().as_int() == 14);
  std::vector<MergedJournal> many = {{"many.db", 99, 99, 99, {}}};
  for (std::int64_t job = 1; job < 100; job += 2) many.front().jobs.push_back(job);
  CHECK(merged_text(many).ends_with(", 17, 19, and 40 more)\n"));
}

TEST_CASE("journal: its words") {
  CHECK(parse_words({"journal", "path"}));
  const auto merge = parse_words({"journal", "merge", "a", "b", "--json"});
  REQUIRE(merge);
  CHECK(merge->operands == std::vector<std::string>{"merge", "a", "b"});
  CHECK(merge->has("json"));
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"journal"}, {"journal", "mrege"}}) {
    const auto refused = parse_words(words);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::invalid);
  }
}

}  // namespace sluice::cli
