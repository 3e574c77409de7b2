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
  REQUIRE_MESSAGE(explanation, (explanation ? "" : explanation.error().message));
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

TEST_CASE("why: a package's own cause does not hide that of what it imports") {
  Diary diary;
  const std::string top = text_of("m/top", {"top.go=eee"}, {"m/mid=M2"});
  diary.run({.compiled = {{"m/leaf", k_leaf_1}, {"m/mid", k_mid_1}, {"m/top", k_top_1}}});
  diary.run({.compiled = {{"m/leaf", k_leaf_2}, {"m/mid", k_mid_2}, {"m/top", top}}});
  const auto why = last_of(diary);
  const PackageWhy& package = package_in(why, "m/top");
  CHECK(package.causes == std::vector<Cause>{{"file", "top.go changed"}});
  CHECK(package.root == "m/top");
  REQUIRE(package.also.size() == 1);
  CHECK(package.also[0].causes == std::vector<Cause>{{"file", "leaf.go changed"}});
  CHECK(package.also[0].through == std::vector<std::string>{"m/mid", "m/leaf"});
  CHECK(package.also[0].is_proven);
  REQUIRE(why.groups.size() == 2);
  CHECK(why.groups[0].packages == std::vector<std::string>{"m/leaf", "m/mid", "m/top"});
  CHECK(why.groups[1].packages == std::vector<std::string>{"m/top"});
}

TEST_CASE("why: of two imports that changed both are told, and one that nobody knows") {
  Diary diary;
  const auto more = [](std::string_view hash) {
    return text_of("m/more", {"more.go=" + std::string(hash)}, {});
  };
  const auto both = [](std::string_view n) {
    const std::string end(n);
    return text_of("m/b", {"b.go=x"}, {"m/leaf=L" + end, "m/more=M" + end, "m/far=F" + end});
  };
  diary.run({.compiled = {{"m/leaf", k_leaf_1}, {"m/more", more("1")}, {"m/b", both("1")}}});
  diary.run({.compiled = {{"m/leaf", k_leaf_2}, {"m/more", more("2")}, {"m/b", both("2")}}});
  const PackageWhy package = package_in(last_of(diary), "m/b");
  CHECK(package.causes == std::vector<Cause>{{"file", "leaf.go changed"}});
  REQUIRE(package.also.size() == 2);
  CHECK(package.also[0].causes == std::vector<Cause>{{"file", "more.go changed"}});
  CHECK(package.also[1].causes.front().text == "m/far changed, and it is not known why");
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
  const Group first = last_of(diary).groups.front();
  CHECK(first.causes.front().kind == "never-built");
  CHECK(first.causes.front().text.ends_with("the journal begins with this job"));
  CHECK_FALSE(first.is_proven);
  diary.run({.compiled = {{"m/mid", k_mid_1}}});
  CHECK(last_of(diary).groups.front().causes.front().text == "never built before in any scope");
  CHECK(last_of(diary).groups.front().is_proven);
  diary.run({.compiled = {{"m/leaf", k_leaf_1}}});
  CHECK(last_of(diary).groups.front().causes.front().kind == "gone-removed");
  diary.run({.compiled = {{"m/leaf", k_leaf_1}}, .host = "another"});
  CHECK(last_of(diary).groups.front().causes.front().kind == "gone");
  diary.run({.compiled = {{"m/leaf", k_leaf_1}},
             .faults = {{"store", "no route", 1}},
             .host = "a third"});
  CHECK(last_of(diary).groups.front().causes.front().kind == "store-fault");
  CHECK_FALSE(last_of(diary).groups.front().is_proven);
}

TEST_CASE("why: what the store said of a lookup, and a collection of the local tier") {
  const auto kind_and_proof = [](const Diary::Command& command, std::string_view removed_by) {
    Diary diary;
    diary.run({.compiled = {{"m/leaf", k_leaf_1}}});
    if (!removed_by.empty()) {
      const auto why = removed_by == "age" ? journal::Removal::age : journal::Removal::size;
      diary.remove({action_of(k_leaf_1), why});
    }
    diary.run(command);
    const auto why = last_of(diary);
    return std::pair(why.groups.front().causes.front().kind, why.groups.front().is_proven);
  };
  const std::vector<Made> again = {{"m/leaf", k_leaf_1}};
  const std::vector<Made> other = {{"m/new", text_of("m/new", {"new.go=n"}, {})}};
  const auto asked = [](const std::vector<Made>& made, journal::Outcome outcome) {
    return std::vector<journal::IndexedOne>{{action_of(made.front().text), outcome, 0, 1}};
  };
  const std::vector<journal::Fault> fault = {{"store", "no route", 1}};
  using Outcome = journal::Outcome;
  CHECK(kind_and_proof({.compiled = again}, "") == std::pair(std::string("gone-removed"), true));
  CHECK(kind_and_proof({.compiled = again}, "age") == std::pair(std::string("gone-age"), true));
  CHECK(kind_and_proof({.compiled = again}, "size") == std::pair(std::string("gone-size"), true));
  CHECK(kind_and_proof({.compiled = again, .indexed = asked(again, Outcome::not_brought)}, "") ==
        std::pair(std::string("store-fault"), true));
  CHECK(kind_and_proof({.compiled = again, .indexed = asked(again, Outcome::corrupt)}, "") ==
        std::pair(std::string("store-corrupt"), true));
  CHECK(kind_and_proof(
            {.compiled = other, .faults = fault, .indexed = asked(other, Outcome::no_index)}, "") ==
        std::pair(std::string("store-fault"), true));
  CHECK(kind_and_proof({.compiled = other, .faults = fault}, "") ==
        std::pair(std::string("store-fault"), false));
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
