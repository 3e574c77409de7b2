#include "runner/test_rules.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {
namespace {

Result<TestRules> rules_of(std::string_view text) {
  auto entries = codec::parse_toml(text, "sluice.toml");
  REQUIRE(entries);
  return parse_test_rules(*entries, "sluice.toml");
}

std::string refusal(std::string_view text) {
  const auto rules = rules_of(text);
  REQUIRE_FALSE(rules);
  CHECK(rules.error().code == Code::invalid);
  return rules.error().message;
}

TEST_CASE("test rules: without any there are integration, e2e and the rest") {
  const auto rules = rules_of("quiet = true\n");
  REQUIRE(rules);
  CHECK_FALSE(rules->is_of_file);
  REQUIRE(rules->classes.size() == 3);
  CHECK(rules->classes[0].name == "integration");
  CHECK(rules->classes[0].tags == std::vector<std::string>{"integration"});
  CHECK(rules->classes[1].names == std::vector<std::string>{"TestE2E*"});
  CHECK(rules->classes[rules->rest].name == "unit");
}

TEST_CASE("test rules: everything a class can say") {
  const auto rules = rules_of(R"(
[test.class.db]
paths = ["internal/db/**"]
packages = "example.com/shop/..."
names = ["TestDB*"]
tags = ["db", "sql"]
parallelism = 2
timeout = "10m"
slow-after = "30s"
retries = 0
cache = "never"
split = false
after = ["unit"]
setup = ["docker compose up -d"]
teardown = ["docker compose down"]
env = { DB = "test", EMPTY = "" }
resources = { pool = 2 }
[test.resource]
pool = 3
grid = 1
)");
  REQUIRE(rules);
  CHECK(rules->is_of_file);
  const TestClass& db = rules->classes.at(0);
  CHECK(db.name == "db");
  CHECK(db.packages == std::vector<std::string>{"example.com/shop/..."});
  CHECK(db.parallelism == 2);
  CHECK(db.timeout == std::chrono::minutes(10));
  CHECK(db.slow_after == std::chrono::seconds(30));
  CHECK(db.retries == 0U);
  CHECK_FALSE(db.keeps_results());
  CHECK(db.splits == false);
  CHECK(db.after == std::vector<ClassNumber>{rules->rest});
  CHECK(db.set_up.size() == 1);
  CHECK(db.tear_down.size() == 1);
  CHECK(db.env.size() == 2);
  REQUIRE(db.resources.size() == 1);
  CHECK(rules->resources.at(db.resources[0].first).first == "pool");
  CHECK(db.resources[0].second == 2);
  CHECK(in_order(*rules) == std::vector<ClassNumber>{1, 2, 3, 0});
}

TEST_CASE("test rules: results of what needs something outside are not reused") {
  const auto rules = rules_of(
      "[test.class]\na.resources.pool = 1\nb.setup = \"up\"\nc.env.A = \"b\"\n"
      "[test.resource]\npool = 1\n");
  REQUIRE(rules);
  CHECK_FALSE(rules->classes.at(0).keeps_results());
  CHECK_FALSE(rules->classes.at(1).keeps_results());
  CHECK(rules->classes.at(2).keeps_results());
}

TEST_CASE("test rules: a class of a usual name has its own or the usual tests") {
  const auto own = rules_of("[test.class.integration]\npaths = \"it/**\"\n");
  REQUIRE(own);
  CHECK(own->classes.at(0).tags.empty());
  const auto usual = rules_of("[test.class.integration]\nparallelism = 1\n");
  REQUIRE(usual);
  CHECK(usual->classes.at(0).tags == std::vector<std::string>{"integration"});
}

TEST_CASE("test rules: what is refused is named with its line") {
  CHECK(refusal("[test.class.x]\ntimeout = \"1ms\"\n") ==
        "sluice.toml:2: test.class.x.timeout: must be a time with a unit from \"1s\" to \"24h\"");
  CHECK(refusal("[test.class.x]\nafter = \"y\"\n") ==
        "sluice.toml:2: test.class.x.after: there is no class \"y\"");
  CHECK(
      refusal("[test.class.x]\nresources.db = 1\n") ==
      "sluice.toml:2: test.class.x.resources.db: no [test.resource] says how much there is of db");
  CHECK(refusal("[test.class.x]\nresources.db = 2\n[test.resource]\ndb = 1\n") ==
        "sluice.toml:2: test.class.x.resources.db: there are only 1 of it");
  CHECK(refusal("[test.class.x]\nafter = \"y\"\n[test.class.y]\nafter = [\"x\"]\n") ==
        "sluice.toml:2: test.class.x.after: class x waits for itself");
  CHECK(refusal("[test.class.unit]\nafter = \"unit\"\n").ends_with("class unit waits for itself"));
  CHECK(refusal("[test.class.x]\ncache = \"reuse\"\nsetup = \"up\"\n")
            .starts_with(
                "sluice.toml:2: test.class.x.cache: results behind a set-up are not reused"));
  for (const std::string_view text : {"[test.class.x]\npaths = \"../x\"\n",
                                      "[test.class.x]\npaths = \"/x\"\n",
                                      "[test.class.x]\ntags = \"!x\"\n",
                                      "[test.class.x]\nenv = { A = \"x\\u0000y\" }\n",
                                      "[test]\nx = 1\n",
                                      "[test.class]\nx = 1\n",
                                      "[test.class.X]\nretries = 1\n",
                                      "[test.class.\"a.b\"]\nretries = 1\n",
                                      "[test.class.x]\nretries = 11\n",
                                      "[test.class.x]\nparallelism = 0\n",
                                      "[test.class.x]\nparallelism = \"2\"\n",
                                      "[test.class.x]\ncache = \"no\"\n",
                                      "[test.class.x]\nsplit = 1\n",
                                      "[test.class.x]\npaths = 1\n",
                                      "[test.class.x]\nnames = \"\"\n",
                                      "[test.class.x]\nenv = { \"A=B\" = \"c\" }\n",
                                      "[test.class.x]\nenv = { A = 1 }\n",
                                      "[test.class.x]\nunknown = 1\n",
                                      "[test.resource]\ndb = 0\n",
                                      "[test.resource]\ndb = 1001\n",
                                      "[test.resource]\nD = 1\n",
                                      "[test.class.x]\nenv = \"A\"\n",
                                      "[test.class.x.env.A]\nb = \"c\"\n",
                                      "[test.other]\nx = 1\n"}) {
    CAPTURE(text);
    CHECK(refusal(text).starts_with("sluice.toml:"));
  }
}

}  // namespace
}  // namespace sluice::runner
