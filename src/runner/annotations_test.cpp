#include "runner/annotations.hpp"

#include <doctest/doctest.h>

#include <string>

namespace sluice::runner {

using Lines = std::vector<std::string>;

TEST_CASE("annotations: what tests that failed say, with its place") {
  CHECK(annotations_of("m/p", "sub/p",
                       "--- FAIL: TestA (0.00s)\n"
                       "    a_test.go:7: want 1, got 100%\n"
                       "        more of it\n"
                       "    --- FAIL: TestA/one (0.00s)\n"
                       "        b_test.go:12: no\n"
                       "FAIL\n") ==
        Lines{"::error file=sub/p/a_test.go,line=7,title=m/p TestA::want 1, got 100%25",
              "::error file=sub/p/b_test.go,line=12,title=m/p TestA/one::no"});
  CHECK(annotations_of("m", "", "--- FAIL: T (0s)\n    a,b.go:1: x\n") ==
        Lines{"::error file=a%2Cb.go,line=1,title=m T::x"});
}

TEST_CASE("annotations: nothing of what is no failure, has no place or lies elsewhere") {
  CHECK(annotations_of("m", "",
                       "    a_test.go:1: before any test\n"
                       "--- FAIL: T (0.00s)\n"
                       "a_test.go:1: not indented\n"
                       "    a_test.go:x: y\n"
                       "    a_test.go:0: y\n"
                       "    /usr/lib/a.go:3: y\n"
                       "    a_test.go:3\n"
                       "--- SKIP: U (0.00s)\n"
                       "    a_test.go:1: skipped\n")
            .empty());
  CHECK(annotations_of("m", "", "").empty());
}

TEST_CASE("annotations: no more than GitHub shows") {
  std::string said = "--- FAIL: T (0.00s)\n";
  for (int i = 1; i < 50; ++i) said += "    a_test.go:" + std::to_string(i) + ": x\n";
  CHECK(annotations_of("m", "", said).size() == k_annotations_max);
}

}  // namespace sluice::runner
