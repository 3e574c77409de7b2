#include "base/subkey.hpp"

#include <doctest/doctest.h>

using namespace sluice;

TEST_CASE("a subkey is the one that go derives (seen with GODEBUG=gocachehash=1)") {
  const auto parent =
      ActionId::from_hex("cb4d0f790f30ad811e1266cb43ace33cf67bb2dbec104512f1659bae66ec58da");
  REQUIRE(parent);
  CHECK(subkey(*parent, "stdout").hex() ==
        "d57d00f7408c2331b486baf18197367612fc457c724a0756759b245ef7814bbb");
}

TEST_CASE("the descriptions are distinct and none is empty") {
  for (std::size_t i = 0; i < k_subkey_descriptions.size(); ++i) {
    CHECK_FALSE(k_subkey_descriptions[i].empty());
    for (std::size_t j = 0; j < i; ++j) CHECK(k_subkey_descriptions[i] != k_subkey_descriptions[j]);
  }
}
