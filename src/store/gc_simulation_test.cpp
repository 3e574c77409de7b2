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
constexpr std::uint64_t k_worlds = 30;
// Within so many a broken rule shows; those that show late begin where they do.
constexpr std::uint64_t k_broken_worlds_max = 400;

std::uint64_t worlds() {
  const auto asked = sys::Environment::of_process().get_or("SLUICE_GC_WORLDS", "");
  return parse_int<std::uint64_t>(asked).value_or(k_worlds);
}

struct Sums {
  std::uint64_t removed = 0;
  std::uint64_t published = 0;
  std::uint64_t rescued = 0;
  std::uint64_t left_out = 0;
  std::uint64_t rewritten = 0;
};

void play_rounds(World& world) {
  for (int round = 0; round < 4; ++round) {
    world.play();
    world.rest(std::chrono::minutes(200 * round));
  }
}

// A few rounds of everybody at once, then collectors alone until nothing is left to do.
void play(std::uint64_t seed, const WorldRules& rules, Sums& sums) {
  CAPTURE(seed);
  World world(seed, rules);
  play_rounds(world);
  world.read_all();
  // A lease of who died; what was rewritten; batches of who died, manifests, what they named.
  for (int round = 0; round < 8; ++round) {
    world.rest(testing::k_world_grace + std::chrono::minutes(240));
    const auto report = world.collect_alone(round < 3);
    REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
    if (round == 2) CHECK(report->rewriting.packs.rewritten.objects == 0);
  }
  world.read_all();
  for (const std::string& what : world.broken()) FAIL_CHECK(what);
  CHECK(world.unnamed().empty());
  sums.removed += world.removed();
  sums.published += world.published();
  sums.rescued += world.rescued();
  sums.left_out += world.left_out();
  sums.rewritten += world.rewritten();
}

void play_many(std::uint64_t first, const WorldRules& rules) {
  Sums sums;
  const std::uint64_t count = worlds();
  for (std::uint64_t seed = first; seed < first + count; ++seed) play(seed, rules, sums);
  MESSAGE(count, " worlds: ", sums.published, " published, ", sums.removed, " removed, ",
          sums.rescued, " rescued, ", sums.left_out, " left out, ", sums.rewritten,
          " heads rewritten");
  CHECK(sums.removed > count);
  CHECK(sums.published > count);
  CHECK(sums.rewritten > count / 2);
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

TEST_CASE("nor where heads and manifests are signed") {
  WorldRules rules;
  rules.are_signed = true;
  play_many(3'000'001, rules);
}

// What the first world says that notices a broken rule.
std::string first_break(const WorldRules& rules, std::uint64_t first = 1) {
  for (std::uint64_t seed = first; seed < first + k_broken_worlds_max; ++seed) {
    World world(seed, rules);
    play_rounds(world);
    world.read_all();
    if (world.broken().empty()) continue;
    MESSAGE("world ", seed, ": ", world.broken().front());
    return world.broken().front();
  }
  return "";
}

TEST_CASE("a world notices jobs that do not ask what is being removed") {
  WorldRules rules;
  rules.jobs_ask = false;
  CHECK_FALSE(first_break(rules, 170).empty());
}

TEST_CASE("a world notices collectors that do not ask what was named meanwhile") {
  WorldRules rules;
  rules.lists_again = false;
  CHECK_FALSE(first_break(rules).empty());
}

TEST_CASE("a world notices collectors that sweep what one mark has found") {
  WorldRules rules;
  rules.two_marks = false;
  CHECK_FALSE(first_break(rules).empty());
}

TEST_CASE("a world notices manifests that keep nothing") {
  WorldRules rules;
  rules.manifests_keep = false;
  CHECK_FALSE(first_break(rules).empty());
}

TEST_CASE("a world notices a rewritten head that is younger or has less in it") {
  WorldRules rules;
  rules.leaves_times = false;
  CHECK(first_break(rules).starts_with("made younger"));
  rules = {};
  rules.drops_nothing = false;
  CHECK(first_break(rules).starts_with("changed a record"));
}

}  // namespace
}  // namespace sluice::store
