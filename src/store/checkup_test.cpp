#include "store/checkup.hpp"

#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <map>

namespace sluice::store {
namespace {

std::map<std::string, Checkup::Ability> by_name(const Checkup& found) {
  std::map<std::string, Checkup::Ability> abilities;
  for (const auto& each : found.abilities) abilities[each.name] = each;
  return abilities;
}

TEST_CASE("a store in order") {
  testing::MemoryObjects objects;
  const Checkup found = examine(objects, "trusted", false, testing::soon());
  CHECK(found.is_usable());
  CHECK(found.abilities.size() == 4);
  for (const auto& each : found.abilities) {
    CHECK(each.asked);
    CHECK_FALSE(each.problem.has_value());
  }
  CHECK(found.first_answer.count() >= 0);
  CHECK(found.up_bytes_per_second.value_or(0) > 0);
  CHECK(found.down_bytes_per_second.value_or(0) > 0);
  CHECK(found.if_absent == true);
  CHECK(found.if_match == true);
  CHECK_FALSE(found.clock_ahead_s.has_value());  // this one has no clock
  CHECK(objects.keys().empty());                 // nothing is left
}

TEST_CASE("conditions that are ignored are seen") {
  testing::MemoryObjects objects({false, false, true});
  const Checkup found = examine(objects, "trusted", false, testing::soon());
  CHECK(found.is_usable());
  CHECK(found.if_absent == false);
  CHECK(found.if_match == false);
}

TEST_CASE("a store that may not be written") {
  testing::MemoryObjects objects;
  objects.before_put = [](std::string_view) { return fail(Code::denied, "no"); };
  const Checkup found = examine(objects, "trusted", false, testing::soon());
  CHECK_FALSE(found.is_usable());
  const auto abilities = by_name(found);
  CHECK_FALSE(abilities.at("read").problem.has_value());
  REQUIRE(abilities.at("write").problem.has_value());
  CHECK(abilities.at("write").problem->message == "no");
  CHECK_FALSE(abilities.at("remove").asked);
  CHECK_FALSE(found.up_bytes_per_second.has_value());
  CHECK_FALSE(found.if_absent.has_value());
}

TEST_CASE("a store that does not answer is asked once") {
  testing::MemoryObjects objects;
  int asked = 0;
  objects.before_get = [&](std::string_view) {
    ++asked;
    return fail(Code::unavailable, "nobody there");
  };
  const Checkup found = examine(objects, "trusted", false, testing::soon());
  CHECK(asked == 1);
  CHECK_FALSE(found.is_usable());
  const auto abilities = by_name(found);
  CHECK(abilities.at("read").problem.has_value());
  CHECK_FALSE(abilities.at("write").asked);
  CHECK_FALSE(abilities.at("list").asked);
}

TEST_CASE("read-only writes nothing and is content") {
  testing::MemoryObjects objects;
  bool written = false;
  objects.before_put = [&](std::string_view) -> Result<void> {
    written = true;
    return {};
  };
  const Checkup found = examine(objects, "trusted", true, testing::soon());
  CHECK(found.is_usable());
  CHECK_FALSE(written);
}

}  // namespace
}  // namespace sluice::store
