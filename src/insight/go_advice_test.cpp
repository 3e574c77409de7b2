#include "insight/go_advice.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

Pipeline script(std::string text, std::vector<Variable> environment = {}) {
  Pipeline pipeline;
  pipeline.file = "ci.sh";
  pipeline.variables = environment;
  pipeline.steps.push_back({"", std::move(environment), std::move(text), 1, true});
  return pipeline;
}

std::string shown(const std::vector<Finding>& findings) {
  std::string all;
  for (const Finding& finding : findings) {
    all += finding.where() + " " + std::string(name_of(finding.severity)) + " " + finding.id +
           ": " + finding.fix + "\n";
  }
  return all;
}

std::string of_commands(std::string text) {
  const Pipeline pipeline = script(std::move(text));
  return shown(advise_on_commands(Examined(pipeline)));
}

TEST_CASE("commands, with what to write in their place") {
  CHECK(of_commands("CGO_ENABLED=0 go build -a -o x ./cmd\n") ==
        "ci.sh:1 miss build-all: go build -o x ./cmd\n");
  CHECK(of_commands("go test -race \\\n -count 1 ./...\n") ==
        "ci.sh:2 miss test-count: go test -race ./...\n");
  CHECK(of_commands("go test -count=20 ./flaky\n") == "ci.sh:1 note test-count: go test ./flaky\n");
  CHECK(of_commands("go test -v\n") == "ci.sh:1 miss test-no-packages: go test -v .\n");
  CHECK(of_commands("go test -shuffle on ./...\n") ==
        "ci.sh:1 miss test-flag-uncached: go test ./...\n");
  CHECK(of_commands("go test ./... -args -update\n") ==
        "ci.sh:1 miss test-flag-uncached: go test ./...\n");
  CHECK(of_commands("go test -args -update\n") == "ci.sh:1 miss test-flag-uncached: go test .\n");
  CHECK(of_commands("go test -buildvcs=true ./...\n") ==
        "ci.sh:1 miss vcs-in-tests: go test ./...\n");
  CHECK(of_commands("go build -ldflags \"-X main.t=$(date +%s)\" .\n")
            .starts_with("ci.sh:1 miss time-in-ldflags: "));
  CHECK(of_commands("go clean -testcache\nrm -rf ~/.cache/go-build\n")
            .starts_with("ci.sh:1 miss cache-cleaned: "));
}

TEST_CASE("GOFLAGS of one command is that command's") {
  const auto found_in = [](std::string text) {
    const Pipeline pipeline = script(std::move(text));
    return shown(advise_on_variables(Examined(pipeline)));
  };
  CHECK(found_in("GOFLAGS=-count=1 go test ./...\n") == "ci.sh:1 miss test-count: go test ./...\n");
  CHECK(found_in("GOFLAGS='-race -count=1' go test ./...\n") ==
        "ci.sh:1 miss test-count: GOFLAGS=-race go test ./...\n");
  CHECK(found_in("export GOFLAGS=-count=1\ngo test ./...\n") ==
        "ci.sh:1 miss test-count: export GOFLAGS=''\n");
}

TEST_CASE("what is in order, and what is meant so") {
  for (const char* line :
       {"go build ./...", "go test -v -run X -timeout 5m -coverprofile c.out ./...",
        "go test -bench=. -run '^$' -count=10 -cpuprofile x .", "go test -fuzz=F -fuzztime=1m",
        "go test -c -o t", "go build -a=false .", "go vet -tags a ./...", "go clean", "go list -a",
        "go test $PACKAGES", "go test -v -manual=true", "echo go build -a", "# go build -a",
        "go run . -a", "go test -buildvcs=false ./...", "rm -rf build"}) {
    INFO(line);
    const std::string found = of_commands(line);
    if (std::string_view(line) != "go list -a") CHECK(found.empty());
  }
}

TEST_CASE("variables") {
  const auto of = [](std::vector<Variable> set) {
    const Pipeline pipeline = script("go test ./...\n", std::move(set));
    std::string all;
    for (const Finding& finding : advise_on_variables(Examined(pipeline))) {
      all += std::to_string(finding.line) + " " + std::string(name_of(finding.severity)) + " " +
             finding.id + "\n";
    }
    return all;
  };
  CHECK(of({{"GOFLAGS", "-count=1 -a", 4}}) == "4 miss test-count\n4 miss build-all\n");
  CHECK(of({{"GOFLAGS", "$X", 4}}).empty());
  CHECK(of({{"GOCACHE", "/tmp/cache", 4}}) == "4 may-miss gocache-in-tmp\n");
  CHECK(of({{"GOCACHE", "$(mktemp -d)", 4}}) == "4 miss gocache-in-tmp\n");
  CHECK(of({{"GOCACHE", "$CI_PROJECT_DIR/.cache", 4}}).empty());
  CHECK(of({{"GODEBUG", "http2client=0", 4}}) == "4 note godebug-set\n");
  CHECK(of({{"GODEBUG", "gocacheverify=1", 4}}) == "4 miss godebug-set\n");
  CHECK(of({{"TZ", "UTC", 4}}) == "4 note time-zone\n");
  const Pipeline mask = script("umask 002\ngo test ./...\n");
  CHECK(advise_on_variables(Examined(mask)).size() == 1);
  const Pipeline alone = script("go test ./...\numask 002\n");
  CHECK(advise_on_variables(Examined(alone)).empty());
}

std::string of_differences(std::string text) {
  const Pipeline pipeline = script(std::move(text));
  std::string all;
  for (const Finding& finding : advise_on_differences(Examined(pipeline))) {
    all +=
        std::string(name_of(finding.severity)) + " " + finding.where() + ": " + finding.what + "\n";
    for (const std::string& place : finding.also) all += "  " + place + "\n";
  }
  return all;
}

TEST_CASE("steps that compile the same packages in two ways") {
  CHECK(of_differences("CGO_ENABLED=0 go build ./...\ngo vet ./...\ngo test ./...\n") ==
        "may-miss ci.sh:1: go build here with CGO_ENABLED=0, go vet in line 2 with no "
        "CGO_ENABLED\n  ci.sh:2\n  ci.sh:3\n");
  CHECK(of_differences("go build -trimpath ./cmd\ngo test ./...\n") ==
        "may-miss ci.sh:1: go build here with -trimpath, go test in line 2 with no -trimpath\n"
        "  ci.sh:2\n");
  CHECK(of_differences("go build ./...\ngo test -race ./...\n").starts_with("note ci.sh:1: "));
  CHECK(of_differences("export GOFLAGS=-trimpath\ngo build ./...\nunset GOFLAGS\ngo test ./...\n")
            .starts_with("may-miss ci.sh:2: "));
}

TEST_CASE("differences that are none") {
  for (const char* text : {"go build ./...\ngo test ./...\n",
                           "GOOS=linux CGO_ENABLED=0 go build ./...\ngo test ./...\n",
                           "CGO_ENABLED=0 go build ./a\nCGO_ENABLED=1 go build ./b\n",
                           "go build -trimpath $P\ngo test ./...\n",
                           "go build $FLAGS ./...\ngo test -trimpath ./...\n",
                           "CGO_ENABLED=$X go build ./...\ngo test ./...\n",
                           "go build -trimpath ./...\ngo test -trimpath=true ./...\n",
                           "GOAMD64=v3 CGO_ENABLED=0 go test ./...\ngo test ./...\n",
                           "CGO_ENABLED=0 go build example.org/tool\ngo test ./...\n"}) {
    INFO(text);
    CHECK(of_differences(text).empty());
  }
  // Off for a static binary, on because of the detector: that is one difference.
  const std::string race = of_differences("CGO_ENABLED=0 go build ./...\ngo test -race ./...\n");
  CHECK(race.find("CGO_ENABLED") == std::string::npos);
}

}  // namespace
}  // namespace sluice::insight
