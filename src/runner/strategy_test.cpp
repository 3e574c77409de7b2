#include "runner/strategy.hpp"

#include "runner/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {
namespace {

using testing::of_cores;

constexpr std::uint64_t k_gib = 1ULL << 30U;

Load load_at(double now_s, double cores, double waiting) {
  Load load;
  load.now_s = now_s;
  load.running = {{0, now_s, cores, waiting, 0}};
  return load;
}

TEST_CASE("auto: the demand stays below a factor of the cores, and one test always fits") {
  const auto strategy = auto_strategy();
  const Capacity two = of_cores(2);
  CHECK(strategy->limit({1, 0, 1}, {0, 0, 0}, two) == Limit::none);
  CHECK(strategy->limit({1, 0, 1}, {1, 1, 0}, two) == Limit::none);
  CHECK(strategy->limit({1, 0, 1}, {2, 2, 0}, two) == Limit::cpu);
  CHECK(strategy->limit({0.05, 0, 1}, {2, 2, 0}, two) == Limit::none);
  CHECK(strategy->limit({64, 0, 1}, {0, 0, 0}, two) == Limit::none);
  CHECK(strategy->limit({64, 0, 1}, {1, 0.2, 0}, two) == Limit::none);  // it cannot take more
  CHECK(strategy->limit({0.01, 0, 1}, {32, 0.3, 0}, two) == Limit::count);
}

TEST_CASE("auto: predicted memory stays below four fifths of the limit") {
  const auto strategy = auto_strategy();
  const Capacity small = of_cores(8, 2 * k_gib);
  CHECK(strategy->limit({1, k_gib / 2, 1}, {2, 1, k_gib}, small) == Limit::none);
  CHECK(strategy->limit({1, k_gib / 2, 1}, {3, 1, k_gib + k_gib / 2}, small) == Limit::memory);
  CHECK(strategy->limit({1, 4 * k_gib, 1}, {0, 0, 0}, small) == Limit::none);
}

TEST_CASE("auto: the factor falls where threads wait, and rises where cores are idle") {
  const auto strategy = auto_strategy();
  const Capacity two = of_cores(2);
  CHECK(strategy->state() == "factor 1.25");
  strategy->observe(load_at(2, 2, 1.5), two, true);
  CHECK(strategy->state() == "factor 1.25");  // once may be chance
  strategy->observe(load_at(3, 2, 1.5), two, true);
  strategy->observe(load_at(4, 2, 1.5), two, true);
  CHECK(strategy->state() == "factor 1.12");
  for (int i = 3; i < 40; ++i) strategy->observe(load_at(2 * i, 2, 1.5), two, true);
  CHECK(strategy->state() == "factor 1.00");
  strategy->observe(load_at(100, 1, 0), two, false);  // nothing waits for CPU
  CHECK(strategy->state() == "factor 1.00");
  for (int i = 51; i < 90; ++i) strategy->observe(load_at(2 * i, 1, 0), two, true);
  CHECK(strategy->state() == "factor 3.00");
}

TEST_CASE("auto: a quota that is used up, or a hypervisor that takes, leaves fewer cores") {
  const auto strategy = auto_strategy();
  const Capacity four = of_cores(4);
  Load load = load_at(1, 1, 0);
  load.is_throttled = true;
  strategy->observe(load, four, false);
  CHECK(strategy->limit({1, 0, 1}, {3, 3, 0}, four) == Limit::cpu);
  strategy->observe(load_at(11.5, 1, 0), four, false);
  CHECK(strategy->limit({1, 0, 1}, {3, 3, 0}, four) == Limit::none);
  load = load_at(12, 1, 0);
  load.steal = 0.2;
  strategy->observe(load, four, false);
  CHECK(strategy->state() == "factor 1.25, fewer cores");
}

TEST_CASE("fixed and go: a number, and the order of the packages") {
  const auto fixed = fixed_strategy(3);
  CHECK(fixed->limit({9, 0, 1}, {2, 9, 0}, of_cores(1)) == Limit::none);
  CHECK(fixed->limit({0, 0, 1}, {3, 0, 0}, of_cores(9)) == Limit::count);
  CHECK_FALSE(fixed->keeps_order());
  CHECK(go_strategy(3)->keeps_order());
  CHECK(fixed_strategy(0)->limit({1, 0, 1}, {0, 0, 0}, of_cores(1)) == Limit::none);
}

TEST_CASE("threshold: one less where CPU or memory is short, else one more, up to the slots") {
  const ThresholdSettings classic;
  CHECK(threshold_step(4, 0.9, 8 * k_gib, 8, classic) == 3);
  CHECK(threshold_step(4, 0.5, k_gib, 8, classic) == 3);
  CHECK(threshold_step(4, 0.85, 2 * k_gib, 8, classic) == 5);
  CHECK(threshold_step(8, 0.5, 8 * k_gib, 8, classic) == 8);
  CHECK(threshold_step(1, 0.99, 8 * k_gib, 8, classic) == 1);
  CHECK(threshold_step(0, 0.99, 8 * k_gib, 8, classic) == 1);
  CHECK(threshold_step(9, 0.1, std::nullopt, 8, classic) == 8);

  const auto strategy = threshold_strategy(classic, 2);
  Load busy;
  busy.cpu_share = 0.2;
  busy.now_s = 29;
  strategy->observe(busy, of_cores(2), false);
  CHECK(strategy->state() == "target 2");
  busy.now_s = 30;
  strategy->observe(busy, of_cores(2), false);
  CHECK(strategy->state() == "target 3");
  busy.now_s = 45;
  strategy->observe(busy, of_cores(2), false);
  CHECK(strategy->state() == "target 3");
}

}  // namespace
}  // namespace sluice::runner
