#include "runner/class_needs.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {

TEST_CASE("class needs: resources, and places of classes that are bounded") {
  TestRules rules;
  rules.resources = {{"pool", 3}, {"grid", 1}};
  rules.classes.resize(3);
  rules.classes[1].parallelism = 2;
  rules.classes[1].resources = {{0, 1}};
  rules.classes[2].resources = {{0, 2}, {1, 1}};
  CHECK(amounts_of(rules) == std::vector<std::uint32_t>{3, 1, k_places_max, 2, k_places_max});
  PackagePlan plan;
  plan.classes = {0};
  CHECK(needs_of(plan, rules).empty());
  plan.classes = {0, 1, 2};
  const auto needs = needs_of(plan, rules);
  REQUIRE(needs.size() == 3);
  CHECK(needs[0].resource == 0);
  CHECK(needs[0].weight == 2);
  CHECK(needs[1].resource == 1);
  CHECK(needs[2].resource == 3);
  CHECK(needs[2].weight == 1);
}

}  // namespace sluice::runner
