// Jobs and collectors in thousands of interleavings: store/gc_world_for_test.hpp.
#include "base/strings.hpp"
#include "store/gc_world_for_test.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

namespace sluice::store {
namespace {

using testing::World;
using testing::WorldRules;

// A few seconds' worth; SLUICE_GC_WORLDS asks for more.
constexpr std::uint64_t k_worlds = 40;

std::uint64_t worlds() {
  const auto asked = sys::Environment::of_process().get_or("SLUICE_GC_WORLDS", "");
  return parse_int<std::uint64_t>(asked).value_or(k_worlds);
}

struct Sums {
  std::uint64_t removed = 0;
  std::uint64_t published = 0;
  std::uint64_t rescued = 0;
  std::uint64_t left_out = 0;
};

// Three rounds of everybody at once, then collectors alone until nothing is left to do.
void play(std::uint64_t seed, const WorldRules& rules, Sums& sums) {
  CAPTURE(seed);
  World world(seed, rules);
  for (int round = 0; round < 4; ++round) {
    world.play();
    world.rest(std::chrono::minutes(200 * round));
  }
  // A lease of who died, batches of who died, manifests, what they named.
  for (int round = 0; round < 6; ++round) {
    world.rest(testing::k_world_grace + std::chrono::minutes(240));
    const auto report = world.collect_alone();
    REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
  }
  for (const std::string& what : world.broken()) FAIL_CHECK(what);
  CHECK(world.unnamed().empty());
  sums.removed += world.removed();
  sums.published += world.published();
  sums.rescued += world.rescued();
  sums.left_out += world.left_out();
}

void play_many(std::uint64_t first, const WorldRules& rules) {
  Sums sums;
  const std::uint64_t count = worlds();
  for (std::uint64_t seed = first; seed < first + count; ++seed) play(seed, rules, sums);
  MESSAGE(count, " worlds: ", sums.published, " published, ", sums.removed, " removed, ",
          sums.rescued, " rescued, ", sums.left_out, " left out");
  CHECK(sums.removed > count);
  CHECK(sums.published > count);
}

TEST_CASE("collectors beside jobs lose nothing and leave nothing") { play_many(1, {}); }

TEST_CASE("nor where clocks differ and the store tells no time") {
  WorldRules rules;
  rules.tells_time = false;
  play_many(1'000'001, rules);
}

TEST_CASE("nor where answers are lost and many are killed") {
  WorldRules rules;
  rules.loses_answer = 0.03;
  rules.crash_percent = 60;
  play_many(2'000'001, rules);
}

}  // namespace
}  // namespace sluice::store
