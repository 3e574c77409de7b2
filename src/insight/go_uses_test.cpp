#include "insight/go_uses.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

std::vector<GoUse> uses_in(std::string script, std::vector<Variable> environment = {}) {
  Pipeline pipeline;
  pipeline.steps.push_back({"test", std::move(environment), std::move(script), 1, true});
  return go_uses_of(commands_of(pipeline));
}

TEST_CASE("flags, packages and variables of a command") {
  const auto uses = uses_in("CGO_ENABLED=0 go test -v -run 'A|B' --count=1 -tags=x ./... ./cmd\n",
                            {{"TZ", "UTC", 4}});
  REQUIRE(uses.size() == 1);
  const GoUse& use = uses[0];
  CHECK(use.subcommand == "test");
  CHECK(use.flag("run")->value == "A|B");
  CHECK(use.flag("count")->value == "1");
  CHECK(use.is_on("v"));
  CHECK_FALSE(use.is_on("race"));
  CHECK(use.packages == std::vector<std::string>{"./...", "./cmd"});
  CHECK(use.variable_or("CGO_ENABLED", "") == "0");
  CHECK(use.variable_or("TZ", "") == "UTC");
  CHECK(use.text_without({"count", "v"}) == "go test -run 'A|B' -tags=x ./... ./cmd");
}

TEST_CASE("go behind what people put before it") {
  for (const char* line :
       {"env A=b go test -count=1 ./...", "sudo -E go test -count=1 ./...",
        "timeout -k 5 10m go test -count=1 ./...", "nice -n 5 go test -count=1 ./...",
        "go list ./... | xargs -n 1 go test -count=1", "sluice go test -count=1 ./...",
        "sluice --quiet run -- go test -count=1 ./...", "bash -euc 'cd x; go test -count=1 ./...'",
        "/usr/local/go/bin/go test -count=1 ./...", "$(GO) test -count=1 ./...",
        "gotestsum --format short -- -count=1 ./...", "go -C sub test -count=1 ./...",
        "F='-count=1 -v'; go test $F ./...", "export GOFLAGS=-count=1; go test ./..."}) {
    INFO(line);
    const auto uses = uses_in(line);
    REQUIRE(!uses.empty());
    CHECK(uses.back().subcommand == "test");
    REQUIRE(uses.back().flag("count") != nullptr);
    CHECK(uses.back().flag("count")->value == "1");
  }
  CHECK(uses_in("echo go test -count=1").empty());
  CHECK(uses_in("ego test; django go; go").empty());
}

TEST_CASE("what is not go's") {
  const auto run = uses_in("go run ./cmd -a -count=1");
  REQUIRE(run.size() == 1);
  CHECK(run[0].flags.empty());
  const auto test = uses_in("go test ./... -args -a -x");
  CHECK(test[0].has_arguments);
  CHECK(test[0].flags.empty());
  CHECK_FALSE(uses_in("go test $PACKAGES")[0].is_certain);
}

TEST_CASE("variables that go on into later steps") {
  Pipeline pipeline;
  pipeline.kind = FileKind::github;
  pipeline.steps.push_back({"a", {}, "echo \"GOFLAGS=-race\" >> $GITHUB_ENV\n", 1, true});
  pipeline.steps.push_back({"a", {}, "go env -w CGO_ENABLED=0\ngo build ./...\n", 5, true});
  pipeline.steps.push_back({"b", {}, "go build ./...\n", 9, true});
  const auto uses = go_uses_of(commands_of(pipeline));
  REQUIRE(uses.size() == 3);
  CHECK(uses[1].is_on("race"));
  CHECK(uses[1].flag("race")->from_goflags);
  CHECK(uses[1].variable_or("CGO_ENABLED", "") == "0");
  CHECK_FALSE(uses[2].is_on("race"));
  CHECK(uses[2].line == 9);
}

TEST_CASE("what a stranger writes is bounded") {
  std::string script;
  for (int i = 0; i < 30'000; ++i) {
    script += "export GO" + std::to_string(i) + "=" + std::to_string(i) + "; go vet ./...\n";
  }
  Pipeline pipeline;
  pipeline.steps.push_back({"", {}, script, 1, true});
  const auto commands = commands_of(pipeline);
  CHECK(commands.size() == k_commands_max);
  CHECK(commands.back().environment.size() == k_environment_max);
  const auto uses = uses_in("export A=" + std::string(k_value_size_max + 1, 'x') + "\ngo vet\n");
  CHECK(uses.at(0).environment.empty());
}

}  // namespace
}  // namespace sluice::insight
