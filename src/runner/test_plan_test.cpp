#include "runner/test_plan.hpp"

#include <doctest/doctest.h>

#include <map>

namespace sluice::runner {
namespace {

using Strings = std::vector<std::string>;

const std::map<std::string, std::string> k_files = {
    {"/m/db/db_test.go",
     "package db\nfunc TestDB(t *testing.T) {}\nfunc TestIt(t *testing.T) {}\n"},
    {"/m/db/help_test.go", "//sluice:class unit\npackage db\nfunc help() {}\n"},
    {"/m/shop/a_test.go", "package shop\nfunc TestA(t *testing.T) {}\n"},
    {"/m/shop/b_test.go",
     "//go:build slow\npackage shop\nfunc TestB(t *testing.T) {}\n"
     "//sluice:class unit\nfunc TestC(t *testing.T) {}\n"},
    {"/m/odd/odd_test.go", "package odd\nfun TestA() {}\n"},
    {"/m/x/x_test.go", "//sluice:class missing\npackage x\nfunc TestX(t *testing.T) {}\n"},
};

gotool::TestPackage package(const std::string& name, Strings files) {
  gotool::TestPackage made;
  made.import_path = "example.com/m/" + name;
  made.directory = "/m/" + name;
  made.test_files = std::move(files);
  return made;
}

// db by its path, slow by a tag, unit for the rest.
TestRules rules() {
  TestRules made;
  made.classes.resize(3);
  made.classes[0].name = "db";
  made.classes[0].paths = {"./db/**"};
  made.classes[0].after = {2};
  made.classes[1].name = "slow";
  made.classes[1].tags = {"slow"};
  made.classes[2].name = "unit";
  made.rest = 2;
  return made;
}

Result<TestPlan> plan_of(const Selection& selection, bool with_x = false) {
  std::vector<gotool::TestPackage> packages = {
      package("db", {"db_test.go", "help_test.go"}), package("shop", {"a_test.go", "b_test.go"}),
      package("none", {}), package("odd", {"odd_test.go"})};
  if (with_x) packages.push_back(package("x", {"x_test.go"}));
  return TestPlan::make(rules(), "/m", selection, packages,
                        [](const sys::Path& path) { return k_files.at(path.string()); });
}

Selection of_class(ClassNumber number) {
  Selection selection;
  selection.classes = {number};
  return selection;
}

TEST_CASE("test plan: only some tests of some packages") {
  auto plan = plan_of({});
  REQUIRE(plan);
  plan->keep_only({{"example.com/m/db", {}}, {"example.com/m/shop", {"TestC", "TestGone"}}});
  CHECK(plan->of("example.com/m/db").left_out.empty());
  CHECK(plan->of("example.com/m/shop").left_out == Strings{"TestA", "TestB"});
  CHECK(plan->of("example.com/m/shop").tests == Strings{"TestC"});
  CHECK_FALSE(plan->of("example.com/m/none").is_run);
  plan->keep_only({{"example.com/m/shop", {"TestGone"}}});
  CHECK_FALSE(plan->of("example.com/m/shop").is_run);
}

TEST_CASE("test plan: each test is of the first class that claims it") {
  const auto plan = plan_of({});
  REQUIRE(plan);
  CHECK(plan->of("example.com/m/db").classes == std::vector<ClassNumber>{0});
  CHECK(plan->of("example.com/m/db").tests == Strings{"TestDB", "TestIt"});
  CHECK(plan->of("example.com/m/shop").classes == std::vector<ClassNumber>{1, 2});
  CHECK(plan->of("example.com/m/shop").left_out.empty());
  CHECK(plan->of("example.com/m/none").classes == std::vector<ClassNumber>{2});
  CHECK(plan->of("example.com/m/none").is_run);
  CHECK(plan->of("elsewhere").classes == std::vector<ClassNumber>{2});
}

TEST_CASE("test plan: what is not chosen is left out") {
  const auto plan = plan_of(of_class(2));
  REQUIRE(plan);
  CHECK_FALSE(plan->of("example.com/m/db").is_run);
  CHECK_FALSE(plan->of("example.com/m/none").is_run);
  // Of this one no test is seen: go may say why.
  CHECK(plan->of("example.com/m/odd").is_run);
  CHECK_FALSE(plan_of(of_class(0))->of("example.com/m/odd").is_run);
  const PackagePlan& shop = plan->of("example.com/m/shop");
  CHECK(shop.is_run);
  CHECK(shop.classes == std::vector<ClassNumber>{2});
  CHECK(shop.left_out == Strings{"TestB"});
  CHECK(shop.tests == Strings{"TestA", "TestC"});
}

TEST_CASE("test plan: a filter chooses by what each test is") {
  Selection selection;
  auto filter = TestFilter::parse("test(TestB) | package(example.com/m/db)",
                                  [](std::string_view) { return true; });
  REQUIRE(filter);
  selection.filter = std::move(*filter);
  const auto plan = plan_of(selection);
  REQUIRE(plan);
  CHECK(plan->of("example.com/m/db").left_out.empty());
  CHECK(plan->of("example.com/m/shop").left_out == Strings{"TestA", "TestC"});
  CHECK(plan->of("example.com/m/shop").classes == std::vector<ClassNumber>{1});
  selection.classes = {2};
  const auto both = plan_of(selection);
  REQUIRE(both);
  CHECK_FALSE(both->of("example.com/m/shop").is_run);
}

TEST_CASE("test plan: a class that a source claims and nobody has") {
  const auto plan = plan_of({}, true);
  REQUIRE_FALSE(plan);
  CHECK(plan.error().message == "x/x_test.go: //sluice:class missing: there is no such class");
}

TEST_CASE("test plan: what a package is told") {
  TestRules made = rules();
  made.classes[0].timeout = std::chrono::seconds(90);
  made.classes[0].env = {{"DB", "x"}};
  made.classes[0].set_up = {"up"};
  gotool::TestWords words;
  words.arguments = {"-test.timeout=10m0s", "-test.short=true", "-x", "-test.skip=no"};
  PackagePlan plan;
  plan.classes = {0};
  const PackageWords alone = words_of(plan, made, words);
  CHECK(alone.arguments ==
        Strings{"-test.timeout=1m30s", "-test.short=true", "-x", "-test.skip=no"});
  CHECK(alone.timeout == std::chrono::seconds(90));
  CHECK(alone.env.size() == 1);
  CHECK_FALSE(alone.keeps_results);
  plan.classes = {2, 0};
  plan.left_out = {"TestA", "TestB"};
  const PackageWords both = words_of(plan, made, words);
  CHECK(both.timeout == std::chrono::seconds(90));
  CHECK(both.arguments == Strings{"-test.timeout=1m30s", "-test.short=true",
                                  "-test.skip=^(TestA|TestB)$", "-x", "-test.skip=no"});
  words.has_timeout = true;
  words.arguments = {"-test.timeout=1s", "-test.skip=Slow/x"};
  words.timeout = std::chrono::seconds(1);
  const PackageWords told = words_of(plan, made, words);
  CHECK(told.timeout == std::chrono::seconds(1));
  CHECK(told.arguments == Strings{"-test.timeout=1s", "-test.skip=Slow/x|^(TestA|TestB)$"});
}

TEST_CASE("test plan: an order that a package cannot keep is told") {
  TestRules made = rules();
  CHECK(order_lost(*plan_of({}), made).empty());
  made.classes[1].after = {2};
  const std::string line = order_lost(*plan_of({}), made);
  CHECK(line.starts_with("1 package with tests of classes that come after one another"));
  CHECK(line.find("such as example.com/m/shop:") != std::string::npos);
  CHECK(order_lost(*plan_of(of_class(2)), made).empty());
}

TEST_CASE("test plan: patterns of packages") {
  CHECK(matches_package("m/a", "m/a"));
  CHECK_FALSE(matches_package("m/a/b", "m/a"));
  CHECK(matches_package("m/a", "m/a/..."));
  CHECK(matches_package("m/a/b", "m/a/..."));
  CHECK_FALSE(matches_package("m/ab", "m/a/..."));
  CHECK(matches_package("m/ab", "m/a..."));
  CHECK(matches_package("m/x/db/y", "m/.../db/..."));
  CHECK(matches_package("m/x/db", "m/.../db/..."));
  CHECK(matches_package("m", "..."));
}

}  // namespace
}  // namespace sluice::runner
