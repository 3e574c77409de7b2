#include "runner/go_rules.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {

using namespace std::chrono_literals;

TEST_CASE("go rules: how long a test may take beyond its own limit") {
  CHECK(limits_of(0s).quit_after == 0s);
  CHECK(limits_of(0s).wait_delay == 0s);
  CHECK(limits_of(1s).quit_after == 61s);
  CHECK(limits_of(1s).wait_delay == 5s);
  CHECK(limits_of(10min).quit_after == 11min);
  CHECK(limits_of(10min).wait_delay == 1min);
  CHECK(limits_of(1h).quit_after == 66min);
  CHECK(limits_of(1h).wait_delay == 6min);
}

TEST_CASE("go rules: what was vetted") {
  CHECK(vetted_of("m/p [m/p.test]").package == "m/p");
  CHECK_FALSE(vetted_of("m/p [m/p.test]").is_outside);
  CHECK(vetted_of("m/p_test [m/p.test]").package == "m/p");
  CHECK(vetted_of("m/p_test [m/p.test]").is_outside);
  CHECK(vetted_of("m/p_test").package == "m/p_test");
  CHECK_FALSE(vetted_of("m/p_test").is_outside);
  // A directory may be called so.
  CHECK(vetted_of("m/p_test [m/p_test.test]").package == "m/p_test");
  CHECK_FALSE(vetted_of("m/p_test [m/p_test.test]").is_outside);
  CHECK(vetted_of("m/a.test]/b [m/a.test]/b.test]").package == "m/a.test]/b");
}

TEST_CASE("go rules: what counts for what a test takes") {
  gotool::TestWords words;
  CHECK(words_that_cost(words).empty());
  words.build = {"-p=3", "-race=true", "-vet=off"};
  words.arguments = {"-test.timeout=10m0s", "-test.run=X", "-test.count=1", "-test.v=true", "a"};
  CHECK(words_that_cost(words) == "-race=true -test.run=X a");
}

TEST_CASE("go rules: of flags of the build the last one counts") {
  gotool::TestWords words;
  CHECK(packages_at_once(words) == 0);
  words.build = {"-p=3", "-race=true", "-p=1", "-pgo=off"};
  CHECK(packages_at_once(words) == 1);
  CHECK(vet_of(words).empty());
  words.build = {"-vet=off", "-vet=printf"};
  CHECK(vet_of(words) == "printf");
}

TEST_CASE("go rules: who ends at the first failure") {
  gotool::TestWords words;
  CHECK_FALSE(stops_at_failure(words));
  words.arguments = {"-test.failfast=false"};
  CHECK_FALSE(stops_at_failure(words));
  words.arguments = {"-test.timeout=1s", "-test.failfast"};
  CHECK(stops_at_failure(words));
}

}  // namespace sluice::runner
