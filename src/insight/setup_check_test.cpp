#include "insight/setup_check.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

bool same(std::string_view before, std::string_view after) {
  return *says_the_same(before, after, "f.yml", "o/r@v1");
}

TEST_CASE("what init puts in changes nothing, everything else does") {
  const std::string_view before = "jobs:\n  a:\n    steps:\n      - run: go vet\n";
  CHECK(same(before, before));
  CHECK(same(before,
             "jobs:\n  a:\n    steps:\n      - uses: o/r@v1\n      - run: go vet\n      - if: "
             "always()\n        run: sluice ci end\n"));
  CHECK_FALSE(same(before, "jobs:\n  a:\n    steps:\n      - run: go vet\n      - run: ls\n"));
  CHECK_FALSE(same(before, "jobs:\n  a:\n    steps:\n      - run: sluice ci begin\n"));
  CHECK_FALSE(same(before, "jobs:\n  a:\n    steps:\n      - run: go vet sluice ci end\n"));
  CHECK(same("a:\n  script: [x]\n",
             "default:\n  before_script:\n    - eval \"$(sluice ci begin)\"\na:\n  script: [x]\n"));
  CHECK_FALSE(same("a: 1\n", "a: 1\nb: 2\n"));
  CHECK_FALSE(says_the_same("a: 1\n", "a: [\n", "f.yml", ""));
}

}  // namespace
}  // namespace sluice::insight
