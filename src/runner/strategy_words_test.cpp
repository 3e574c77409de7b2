#include "runner/strategy_words.hpp"

#include <doctest/doctest.h>

#include <string>

namespace sluice::runner {
namespace {

std::string state_of(std::string_view words) {
  const auto strategy = strategy_of(words, 3);
  return strategy ? (*strategy)->state() : strategy.error().message;
}

// How many of nothing known run at once on a machine with two cores.
std::size_t at_once(std::string_view words) {
  const auto strategy = strategy_of(words, 3);
  REQUIRE(strategy.has_value());
  Capacity capacity;
  capacity.cores = 2;
  Usage usage;
  while (usage.count < 1000 && (*strategy)->limit({}, usage, capacity) == Limit::none)
    ++usage.count;
  return usage.count;
}

}  // namespace

TEST_CASE("each strategy by its word") {
  CHECK(state_of("auto").starts_with("factor 1.25"));
  CHECK(at_once("fixed=7") == 7);
  CHECK(at_once("go") == 3);
  CHECK((*strategy_of("go", 3))->keeps_order());
  CHECK_FALSE((*strategy_of("fixed=7", 3))->keeps_order());
  CHECK(at_once("threshold") == 3);
  CHECK(at_once("threshold=slots:2") == 2);
}

TEST_CASE("the classic rule's settings") {
  const auto strategy = strategy_of("threshold=cpu:50%,memory:1GiB,slots:4,every:10s", 3);
  REQUIRE(strategy.has_value());
  Capacity capacity;
  capacity.cores = 2;
  const auto look = [&](double now_s, double cpu, std::uint64_t available) {
    Load load;
    load.now_s = now_s;
    load.cpu_share = cpu;
    load.available = available;
    (*strategy)->observe(load, capacity, false);
    return (*strategy)->state();
  };
  constexpr std::uint64_t k_gib = 1ULL << 30U;
  CHECK(look(9, 0.1, 2 * k_gib) == "target 3");
  CHECK(look(10, 0.1, 2 * k_gib) == "target 4");
  CHECK(look(20, 0.1, 2 * k_gib) == "target 4");  // slots
  CHECK(look(30, 0.6, 2 * k_gib) == "target 3");
  CHECK(look(40, 0.1, k_gib - 1) == "target 2");
}

TEST_CASE("what is no strategy") {
  CHECK(state_of("fast") == "\"fast\" is not auto, fixed=N, go or threshold");
  CHECK(state_of("") == "\"\" is not auto, fixed=N, go or threshold");
  for (const auto* words : {"fixed", "fixed=", "fixed=0", "fixed=x", "fixed=10001"}) {
    CHECK(state_of(words) ==
          std::string("\"") + words + "\": fixed needs a number from 1 to 10000, as fixed=4");
  }
  for (const auto* part :
       {"cpu:0%", "cpu:101%", "slots:0", "every:0s", "every:5", "memory:x", "x"}) {
    CHECK(state_of(std::string("threshold=") + part).starts_with(std::string("\"") + part));
  }
}

}  // namespace sluice::runner
