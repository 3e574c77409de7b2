#include "runner/slots.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {

TEST_CASE("slots: the smallest number that nobody has") {
  const auto place = sys::TempDirectory::create("slots");
  REQUIRE(place);
  const Slots slots(place->path());
  const Slots of_another(place->path());
  auto first = slots.take();
  const auto second = of_another.take();
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->number == 0);
  CHECK(second->number == 1);
  first.reset();
  const auto third = of_another.take();
  REQUIRE(third);
  CHECK(third->number == 0);
  CHECK_FALSE(Slots(place->path() / "none").take());
}

TEST_CASE("slots: what a test is told") {
  using Variables = std::vector<std::pair<std::string, std::string>>;
  CHECK(variables_of(std::nullopt, 7) == Variables{{"SLUICE_SEED", "7"}});
  const auto place = sys::TempDirectory::create("slots");
  REQUIRE(place);
  const Slots slots(place->path());
  const auto first = slots.take();
  CHECK(variables_of(slots.take(), 7) ==
        Variables{{"SLUICE_SEED", "7"}, {"SLUICE_SLOT", "1"}, {"SLUICE_PORTS", "10100-10199"}});
}

}  // namespace sluice::runner
