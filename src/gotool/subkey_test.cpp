#include "gotool/subkey.hpp"

#include "gotool/go_cache_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace sluice;
using namespace sluice::gotool;

TEST_CASE("the lookups that follow a lookup are predicted") {
  const auto keys = predicted_subkeys(action_of("a"));
  CHECK(keys.size() >= 4);
  for (const char* name : {"stdout", "srcfiles", "link-stdout", "fix.zip"}) {
    CAPTURE(name);
    CHECK(std::ranges::count(keys, subkey(action_of("a"), name)) == 1);
  }
}
