#include "runner/shards.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace sluice::runner {
namespace {

using Names = std::vector<std::string>;

ShardPackage package(std::string path, std::uint64_t expected_us, Names names = {"TestA"},
                     bool may_be_split = true) {
  ShardPackage made{std::move(path), expected_us, may_be_split, {}};
  for (std::string& name : names) {
    made.tests.push_back({std::move(name), expected_us / names.size()});
  }
  return made;
}

Names paths(const Shard& shard) {
  Names found;
  for (const ShardPart& part : shard) found.push_back(part.import_path);
  return found;
}

std::string problem(const std::vector<Shard>& shards, const std::vector<ShardPackage>& packages) {
  const auto checked = check_shards(shards, packages);
  return checked ? "" : checked.error().message;
}

}  // namespace

TEST_CASE("shards: the longest first, to whoever has least; the same in any order") {
  std::vector<ShardPackage> packages = {package("d", 40), package("a", 100), package("b", 60),
                                        package("c", 50), package("e", 0)};
  const auto shards = make_shards(packages, 2);
  REQUIRE(shards.size() == 2);
  CHECK(paths(shards[0]) == Names{"a", "d"});
  CHECK(paths(shards[1]) == Names{"b", "c", "e"});
  std::ranges::reverse(packages);
  CHECK(make_shards(packages, 2) == shards);
  CHECK(problem(shards, packages).empty());
}

TEST_CASE("shards: what is longer than a share is split, where it may be") {
  const Names names = {"TestA", "TestB", "TestC", "TestD"};
  const auto shards = make_shards({package("long", 400, names), package("x", 40)}, 2);
  CHECK(std::max(expected_us(shards[0]), expected_us(shards[1])) <= 240);
  CHECK(problem(shards, {package("long", 400, names), package("x", 40)}).empty());
  const auto unsplit = make_shards({package("long", 400, names, false), package("x", 40)}, 2);
  CHECK(expected_us(unsplit[0]) == 400);
  const auto single = make_shards({package("long", 400)}, 3);
  CHECK(single[0].size() == 1);
  CHECK(single[1].empty());
}

TEST_CASE("shards: more machines than packages, and none") {
  CHECK(make_shards({}, 3).size() == 3);
  const auto one = make_shards({package("a", 5), package("b", 6)}, 1);
  CHECK(paths(one[0]) == Names{"a", "b"});
}

TEST_CASE("shards: the file says the same again") {
  const auto shards = make_shards({package("a", 5, {"TestB", "TestA"}), package("b", 6)}, 2);
  const std::string text = shards_text(shards);
  const auto parsed = parse_shards(text);
  REQUIRE(parsed);
  CHECK(*parsed == shards);
  for (const std::string_view wrong :
       {"", "[]", "{}", R"({"version":2,"shards":[[]]})", R"({"version":1})",
        R"({"version":1,"shards":[]})", R"({"version":1,"shards":[1]})",
        R"({"version":1,"shards":[[{}]]})", R"({"version":1,"shards":[[{"package":"a"}]]})",
        R"({"version":1,"shards":[[{"package":"a","tests":[1]}]]})"}) {
    CAPTURE(wrong);
    const auto refused = parse_shards(wrong);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::invalid);
    CHECK(refused.error().message.starts_with("is no plan of tests"));
  }
}

TEST_CASE("shards: of another commit") {
  const auto shards = make_shards({package("a", 5), package("b", 6)}, 2);
  CHECK(problem(shards, {package("a", 5), package("b", 7), package("c", 1)}) ==
        "is of another commit, or of other words: it has no c");
  CHECK(problem(shards, {package("a", 5)}) ==
        "is of another commit, or of other words: there is no b here");
  CHECK(problem(shards, {package("a", 5, {"TestA", "TestNew"}), package("b", 6)}) ==
        "is of another commit, or of other words: it has no a TestNew");
  CHECK(problem(shards, {package("a", 5, {}), package("b", 6)}) ==
        "is of another commit, or of other words: there is no a TestA here");
  auto twice = shards;
  twice[0].push_back(twice[0][0]);
  CHECK(problem(twice, {package("a", 5), package("b", 6)}).ends_with("is there twice"));
}

}  // namespace sluice::runner
