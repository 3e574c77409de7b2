#include "runner/shard_plan.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

namespace sluice::runner {
namespace {

// Three packages: of four tests, of one, and one with a TestMain.
TestPlan plan_of(const TestRules& rules) {
  std::vector<gotool::TestPackage> packages;
  for (const char* name : {"long", "short", "main"}) {
    gotool::TestPackage package;
    package.import_path = std::string("m/") + name;
    package.directory = std::string("/m/") + name;
    package.test_files = {"a_test.go"};
    packages.push_back(std::move(package));
  }
  auto plan = TestPlan::make(rules, "/m", {}, packages, [](const sys::Path& path) -> std::string {
    if (path == "/m/short/a_test.go") return "package p\nfunc TestS(t *testing.T) {}\n";
    std::string text = "package p\n";
    for (const char* name : {"A", "B", "C", "D"}) {
      text += std::string("func Test") + name + "(t *testing.T) {}\n";
    }
    return path == "/m/main/a_test.go" ? text + "func TestMain(m *testing.M) {}\n" : text;
  });
  REQUIRE(plan);
  return std::move(*plan);
}

ShardChoice choice_of(std::size_t number, std::size_t count, sys::Path file = {}) {
  ShardChoice choice;
  choice.number = number;
  choice.count = count;
  choice.file = std::move(file);
  return choice;
}

// Tests that are run, over all shards.
std::multiset<std::string> tests_of(const std::vector<TestPlan>& plans) {
  std::multiset<std::string> found;
  for (const TestPlan& plan : plans) {
    for (const auto& [path, one] : plan.packages()) {
      if (!one.is_run) continue;
      for (const std::string& test : one.tests) found.insert(path + " " + test);
    }
  }
  return found;
}

}  // namespace

TEST_CASE("shard plan: together the shards are everything, once") {
  const TestRules rules = usual_rules();
  for (const std::size_t count : {1U, 2U, 3U, 7U}) {
    std::vector<TestPlan> plans;
    for (std::size_t number = 1; number <= count; ++number) {
      plans.push_back(plan_of(rules));
      REQUIRE(plan_shard(plans.back(), rules, choice_of(number, count), {}));
    }
    CHECK(tests_of(plans) == tests_of({plan_of(rules)}));
  }
}

TEST_CASE("shard plan: a package with a TestMain is not split, but where it is told so") {
  TestRules rules = usual_rules();
  const auto is_split = [&rules](const std::string& path) {
    const auto packages = shard_packages(plan_of(rules), rules, {});
    for (const ShardPackage& package : packages) {
      if (package.import_path == path) return package.may_be_split;
    }
    return false;
  };
  CHECK(is_split("m/long"));
  CHECK_FALSE(is_split("m/main"));
  rules.classes[rules.rest].splits = true;
  CHECK(is_split("m/main"));
  rules.classes[rules.rest].splits = false;
  CHECK_FALSE(is_split("m/long"));
}

TEST_CASE("shard plan: what is expected") {
  const TestRules rules = usual_rules();
  const EarlierTests earlier({{1, "m/long", "", "", false, 100},
                              {1, "m/long", "TestA", "", false, 40},
                              {1, "m/short", "", "", false, 30}});
  auto packages = shard_packages(plan_of(rules), rules, earlier);
  std::ranges::sort(packages, {}, &ShardPackage::import_path);
  REQUIRE(packages.size() == 3);
  CHECK(packages[0].expected_us == 100);
  CHECK(packages[0].tests.at(0).expected_us == 40);
  CHECK(packages[0].tests.at(1).expected_us == 20);
  CHECK(packages[1].expected_us == 100);
  CHECK(packages[2].expected_us == 30);
}

TEST_CASE("shard plan: the file that all machines have") {
  const TestRules rules = usual_rules();
  const auto made = sys::TempDirectory::create("shards");
  REQUIRE(made);
  const sys::Path file = made->path() / "plan.json";
  TestPlan plan = plan_of(rules);
  const auto absent = plan_shard(plan, rules, choice_of(1, 2, file), {});
  REQUIRE_FALSE(absent);
  CHECK(absent.error().message == file.native() + ": is not there; --shard plan/2 writes it");
  const EarlierTests earlier({{1, "m/long", "", "", false, 5'000'000}});
  const auto written = plan_shard(plan, rules, choice_of(0, 2, file), earlier);
  REQUIRE(written);
  CHECK(written->starts_with(file.native() + ": 2 shards, 15.0 s in all, at most "));
  CHECK(tests_of({plan}).empty());
  std::vector<TestPlan> plans = {plan_of(rules), plan_of(rules)};
  REQUIRE(plan_shard(plans[0], rules, choice_of(1, 2, file), {}));
  REQUIRE(plan_shard(plans[1], rules, choice_of(2, 2, file), {}));
  CHECK(tests_of(plans) == tests_of({plan_of(rules)}));
  TestPlan other = plan_of(rules);
  const auto of_others = plan_shard(other, rules, choice_of(1, 3, file), {});
  REQUIRE_FALSE(of_others);
  CHECK(of_others.error().message == file.native() + ": is for 2 shards, not 3");
}

}  // namespace sluice::runner
