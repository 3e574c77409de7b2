#include "insight/ci_gitlab.hpp"

#include "insight/go_uses.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

TEST_CASE("jobs, with what they extend and what all have") {
  const auto pipeline = read_gitlab(
      "image: golang:1.25\n"                         // 1
      "variables:\n"                                 // 2
      "  GIT_DEPTH: 5\n"                             // 3
      "  GOFLAGS: {value: -race, description: d}\n"  // 4
      "default:\n"                                   // 5
      "  before_script:\n"                           // 6
      "    - go version\n"                           // 7
      ".cache:\n"                                    // 8
      "  cache: &cache\n"                            // 9
      "    key: all\n"                               // 10
      "    paths:\n"                                 // 11
      "      - .cache/go-build\n"                    // 12
      ".base:\n"                                     // 13
      "  variables: {CGO_ENABLED: 1, TZ: UTC}\n"     // 14
      "  script: [go vet]\n"                         // 15
      "test:\n"                                      // 16
      "  extends: .base\n"                           // 17
      "  cache: *cache\n"                            // 18
      "  variables: {CGO_ENABLED: 0}\n"              // 19
      "  script:\n"                                  // 20
      "    - |\n"                                    // 21
      "      go test ./...\n"                        // 22
      "    - [go build ./...]\n"                     // 23
      "lint:\n"
      "  extends: [.base]\n"
      "  variables: {GIT_DEPTH: 0}\n"
      "  after_script:\n"
      "    - !reference [.base, script]\n"
      "    - !reference [.nothing, script]\n",
      ".gitlab-ci.yml");
  REQUIRE(pipeline);
  REQUIRE(pipeline->steps.size() == 6);
  CHECK(pipeline->steps[0].line == 7);
  CHECK(pipeline->steps[1].line == 22);
  CHECK(pipeline->steps[1].counts_lines);
  CHECK(pipeline->steps[2].line == 23);
  CHECK(find_variable(pipeline->steps[1].environment, "CGO_ENABLED")->value == "0");
  CHECK(find_variable(pipeline->steps[1].environment, "TZ")->value == "UTC");
  CHECK(find_variable(pipeline->steps[1].environment, "GOFLAGS")->value == "-race");
  for (const std::size_t i : {4U, 5U}) {
    CHECK(pipeline->steps[i].job == "lint");
    CHECK(pipeline->steps[i].line == 15);
  }
  REQUIRE(pipeline->clones.size() == 2);
  CHECK(pipeline->clones[1].depth == 0);
  CHECK(pipeline->clones[0].depth == 5);
  CHECK(pipeline->images.size() == 1);
  REQUIRE(pipeline->cached.size() == 1);
  CHECK(pipeline->cached[0].line == 12);
}

TEST_CASE("keys of caches, with what they are for") {
  const auto pipeline = read_gitlab(
      "a:\n"
      "  cache: [{key: $CI_COMMIT_SHA, paths: [a, b]}, {key: k, paths: [c], fallback_keys: [x]}]\n"
      "b:\n"
      "  cache:\n"
      "    key:\n"
      "      files: [go.sum]\n"
      "      prefix: p\n"
      "c:\n"
      "  variables: {CACHE_FALLBACK_KEY: z}\n"
      "  cache:\n"
      "    key: $CI_JOB_ID\n",
      ".gitlab-ci.yml");
  REQUIRE(pipeline);
  const auto& keys = pipeline->cache_keys;
  REQUIRE(keys.size() == 4);
  CHECK(keys[0].text == "$CI_COMMIT_SHA");
  CHECK(keys[0].line == 2);
  CHECK(keys[0].paths == std::vector<std::string>{"a", "b"});
  CHECK_FALSE(keys[0].has_fallback);
  CHECK(keys[1].has_fallback);
  CHECK(keys[2].text == "p");
  CHECK_FALSE(keys[2].has_fallback);
  CHECK(keys[3].has_fallback);
}

TEST_CASE("what is exported holds for the rest of the job but what comes after it") {
  const auto pipeline = read_gitlab(
      "a:\n"
      "  before_script: [export CGO_ENABLED=0]\n"
      "  script: [export GOFLAGS=-race, go build]\n"
      "  after_script: [go test]\n"
      "b: {script: [go vet]}\n",
      ".gitlab-ci.yml");
  REQUIRE(pipeline);
  const auto uses = go_uses_of(commands_of(*pipeline));
  REQUIRE(uses.size() == 3);
  CHECK(uses[0].variable_or("CGO_ENABLED", "") == "0");
  CHECK(uses[0].is_on("race"));
  for (const std::size_t other : {1U, 2U}) {
    CHECK(uses[other].variable_or("CGO_ENABLED", "none") == "none");
    CHECK_FALSE(uses[other].is_on("race"));
  }
}

TEST_CASE("loops and odd shapes end") {
  for (const char* text :
       {"", "a: {extends: a, script: [x]}", "a: {extends: b}\nb: {extends: a, script: x}",
        "a: {script: [!reference [a, script]]}", "a: {script: !reference []}",
        "a: {cache: x, image: [y], script: {z: 1}, variables: [1]}", "- a\n"}) {
    INFO(text);
    CHECK(read_gitlab(text, "x").has_value());
  }
  CHECK(read_gitlab("a: {extends: a, script: [x]}", "x")->steps.size() == 1);
}

}  // namespace
}  // namespace sluice::insight
