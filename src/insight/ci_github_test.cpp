#include "insight/ci_github.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

TEST_CASE("steps, variables, caches and clones of a workflow") {
  const auto pipeline = read_github(
      "env:\n"                                     // 1
      "  GOFLAGS: -trimpath\n"                     // 2
      "jobs:\n"                                    // 3
      "  test:\n"                                  // 4
      "    container: golang:1.25\n"               // 5
      "    env: {CGO_ENABLED: 0}\n"                // 6
      "    steps:\n"                               // 7
      "      - uses: actions/checkout@v4\n"        // 8
      "      - uses: actions/cache@v4\n"           // 9
      "        with:\n"                            // 10
      "          path: |\n"                        // 11
      "            ~/go/pkg/mod\n"                 // 12
      "            ~/.cache/go-build\n"            // 13
      "          key: go-${{ hashFiles('a') }}\n"  // 14
      "      - run: |\n"                           // 15
      "          go vet ./...\n"                   // 16
      "        env: {TZ: UTC}\n"                   // 17
      "      - run: go.exe test\n"                 // 18
      "        shell: pwsh\n",
      "ci.yml");
  REQUIRE(pipeline);
  REQUIRE(pipeline->steps.size() == 1);
  CHECK(pipeline->steps[0].job == "test");
  CHECK(pipeline->steps[0].line == 16);
  const std::vector<Variable> expected = {
      {"GOFLAGS", "-trimpath", 2}, {"CGO_ENABLED", "0", 6}, {"TZ", "UTC", 17}};
  CHECK(pipeline->steps[0].environment == expected);
  CHECK(pipeline->variables == expected);
  REQUIRE(pipeline->cached.size() == 2);
  CHECK(pipeline->cached[1].path == "~/.cache/go-build");
  CHECK(pipeline->cached[1].line == 13);
  CHECK(pipeline->cache_keys.at(0).line == 14);
  REQUIRE(pipeline->clones.size() == 1);
  CHECK(pipeline->clones[0].depth == 1);
  CHECK_FALSE(pipeline->clones[0].is_said);
  CHECK(pipeline->images.at(0).text == "golang:1.25");
}

TEST_CASE("a composite action, and files of another shape") {
  const auto action = read_github(
      "runs:\n  using: composite\n  steps:\n    - run: go test ./...\n      shell: bash\n",
      "a.yml");
  REQUIRE(action);
  CHECK(action->steps.at(0).line == 4);
  for (const char* text : {"", "jobs: 7", "jobs: [a]", "jobs: {a: b}", "jobs: {a: {steps: x}}",
                           "jobs: {a: {steps: [x, {run: [y]}, {uses: {}}]}}"}) {
    INFO(text);
    const auto pipeline = read_github(text, "ci.yml");
    REQUIRE(pipeline);
    CHECK(pipeline->steps.empty());
  }
  CHECK(read_github("a: [", "ci.yml").error().message.starts_with("ci.yml:"));
}

}  // namespace
}  // namespace sluice::insight
