// With real go: tests/integration/test_why.py.
#include "insight/why.hpp"

#include "insight/diary_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace sluice::insight {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

const std::string k_leaf_1 = text_of("m/leaf", {"leaf.go=aaa"}, {});
const std::string k_leaf_2 = text_of("m/leaf", {"leaf.go=bbb"}, {});
const std::string k_mid_1 = text_of("m/mid", {"mid.go=ccc"}, {"m/leaf=L1"});
const std::string k_mid_2 = text_of("m/mid", {"mid.go=ccc"}, {"m/leaf=L2"});
const std::string k_top_1 = text_of("m/top", {"top.go=ddd"}, {"m/mid=M1"});
const std::string k_top_2 = text_of("m/top", {"top.go=ddd"}, {"m/mid=M2"});

Explanation last_of(const Diary& diary, std::string_view against = "") {
  auto database = diary.open();
  const auto job = journal::find_job(database, "last");
  REQUIRE(job);
  std::optional<journal::JobRow> other;
  if (!against.empty()) other = *journal::find_job(database, against);
  auto explanation = explain(database, *job, other);
  REQUIRE_MESSAGE(explanation, explanation.error().message);
  return std::move(*explanation);
}

const PackageWhy& package_in(const Explanation& explanation, std::string_view name) {
  const auto at = std::ranges::find(explanation.packages, name, &PackageWhy::package);
  REQUIRE(at != explanation.packages.end());
  return *at;
}

}  // namespace

TEST_CASE("why: one edited leaf explains what depends on it in one entry, proven") {
  Diary diary;
  diary.run({.compiled = {{"m/leaf", k_leaf_1}, {"m/mid", k_mid_1}, {"m/top", k_top_1}}});
  diary.run({.compiled = {{"m/leaf", k_leaf_2}, {"m/mid", k_mid_2}, {"m/top", k_top_2}}});
  const auto why = last_of(diary);
  REQUIRE(why.groups.size() == 1);
  const Group& group = why.groups.front();
  CHECK(group.root == "m/leaf");
  CHECK(group.packages == std::vector<std::string>{"m/leaf", "m/mid", "m/top"});
  CHECK(group.causes == std::vector<Cause>{{"file", "leaf.go changed"}});
  CHECK(group.is_proven);
  CHECK(group.cost_us == 3000);
  const PackageWhy& top = package_in(why, "m/top");
  CHECK(top.through == std::vector<std::string>{"m/mid", "m/leaf"});
  REQUIRE(top.against);
  CHECK(top.against->job == 1);
}

TEST_CASE("why: the leaf may have come from the cache, made by another job") {
  Diary diary;
  diary.run({.compiled = {{"m/leaf", k_leaf_1}, {"m/mid", k_mid_1}}});
  diary.run({.compiled = {{"m/leaf", k_leaf_2}}});
  diary.run({.compiled = {{"m/mid", k_mid_2}}, .given = {k_leaf_2}});
  const auto why = last_of(diary);
  const PackageWhy& mid = package_in(why, "m/mid");
  CHECK(mid.root == "m/leaf");
  CHECK(mid.causes == std::vector<Cause>{{"file", "leaf.go changed"}});
  CHECK(package_in(why, "m/leaf").is_hit());
}

TEST_CASE("why: never built before, made before and gone, and a store that failed") {
  Diary diary;
  diary.run({.compiled = {{"m/leaf", k_leaf_1}}});
  CHECK(last_of(diary).groups.front().causes.front().kind == "never-built");
  diary.run({.compiled = {{"m/leaf", k_leaf_1}}});
  CHECK(last_of(diary).groups.front().causes.front().kind == "gone");
  diary.run({.compiled = {{"m/leaf", k_leaf_1}}, .faults = {{"store", "no route", 1}}});
  CHECK(last_of(diary).groups.front().causes.front().kind == "store-fault");
}

TEST_CASE("why: a flag for all is one entry of no one package") {
  Diary diary;
  const auto race = [](std::string text) {
    text.replace(text.find("[] []"), 5, R"(["-race"] [])");
    return text;
  };
  diary.run({.compiled = {{"m/leaf", k_leaf_1}, {"m/mid", k_mid_1}}});
  diary.run({.compiled = {{"m/leaf", race(k_leaf_1)}, {"m/mid", race(k_mid_2)}}});
  const auto why = last_of(diary);
  REQUIRE(why.groups.size() == 1);
  CHECK(why.groups.front().root.empty());
  CHECK(why.groups.front().packages.size() == 2);
  CHECK(why.groups.front().causes.front().kind == "race");
}

TEST_CASE("why: the nearest of earlier inputs is compared, or those of the job that is named") {
  Diary diary;
  const std::string other = text_of("m/leaf", {"leaf.go=bbb", "new.go=x"}, {});
  diary.run({.compiled = {{"m/leaf", other}}});
  diary.run({.compiled = {{"m/leaf", k_leaf_1}}});
  diary.run({.compiled = {{"m/leaf", k_leaf_2}}});
  CHECK(last_of(diary).groups.front().causes.front().text == "leaf.go changed");
  CHECK(last_of(diary, "command1").groups.front().causes.front().text == "new.go removed");
}

TEST_CASE("why: a text that does not prove is called so") {
  Diary diary;
  diary.run({.compiled = {{"m/leaf", k_leaf_1}}});
  diary.run({.compiled = {{"m/leaf", k_leaf_2}}});
  auto database = diary.open();
  REQUIRE(database.connection().execute("UPDATE inputs SET salt = 'go1.0' WHERE id = 1"));
  const auto explanation = explain(database, *journal::find_job(database, "last"), std::nullopt);
  REQUIRE(explanation);
  CHECK_FALSE(explanation->groups.front().is_proven);
}

}  // namespace sluice::insight
