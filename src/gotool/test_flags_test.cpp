#include "gotool/test_flags.hpp"

#include <doctest/doctest.h>

using namespace sluice::gotool;

TEST_CASE("go test's flags: by either name, and only those of tests have both") {
  CHECK(find_test_flag("run") == find_test_flag("test.run"));
  REQUIRE(find_test_flag("tags") != nullptr);
  CHECK(find_test_flag("test.tags") == nullptr);
  CHECK(find_test_flag("no-such") == nullptr);
  CHECK(find_test_flag("race")->use == FlagUse::build);
  CHECK_FALSE(find_test_flag("race")->takes_word());
  CHECK_FALSE(find_test_flag("v")->takes_word());
  CHECK(find_test_flag("timeout")->takes_word());
}

TEST_CASE("go test's flags: what each release has, and keeps") {
  CHECK(find_test_flag("artifacts", 25) == nullptr);
  CHECK(find_test_flag("artifacts", 26) != nullptr);
  CHECK(find_test_flag("artifacts") != nullptr);
  CHECK(find_test_flag("coverprofile", 24)->use == FlagUse::unkept);
  CHECK(find_test_flag("coverprofile", 25)->use == FlagUse::unkeyed);
  CHECK(find_test_flag("outputdir", 24)->use == FlagUse::unkept);
}
