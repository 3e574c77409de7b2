#include "runner/planner.hpp"

#include "runner/simulation_for_test.hpp"
#include "runner/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {
namespace {

using testing::bound_of;
using testing::Machine;
using testing::of_cores;
using testing::Outcome;
using testing::SimulatedTest;
using testing::Suite;
using testing::suite_of;

constexpr std::uint64_t k_mib = 1ULL << 20U;

Task task_of(double duration_s, double cores = 1) {
  Task task;
  task.cost = {cores, 100 * k_mib, duration_s};
  task.is_known = true;
  return task;
}

Load at(double now_s) {
  Load load;
  load.now_s = now_s;
  return load;
}

TEST_CASE("planner: unknown tests first, then the longest, those that are last at the end") {
  Planner planner(of_cores(1), fixed_strategy(1));
  Task last = task_of(100);
  last.is_last = true;
  Task unknown = task_of(0.1);
  unknown.is_known = false;
  planner.add(0, task_of(1));
  planner.add(1, task_of(5));
  planner.add(2, last);
  planner.add(3, unknown);
  planner.add(4, task_of(5));
  std::vector<TaskNumber> order;
  for (double now_s = 0; planner.waiting() > 0; now_s += 1) {
    const Decision decision = planner.decide(at(now_s));
    REQUIRE(decision.starts.size() == 1);
    order.push_back(decision.starts.front());
    planner.ended(order.back());
  }
  CHECK(order == std::vector<TaskNumber>{3, 1, 4, 0, 2});
}

TEST_CASE("planner: as go test does, in the order in which they came") {
  Planner planner(of_cores(2), go_strategy(2));
  for (TaskNumber i = 0; i < 4; ++i) planner.add(i, task_of(i + 1));
  CHECK(planner.decide(at(0)).starts == std::vector<TaskNumber>{0, 1});
  planner.ended(1);
  CHECK(planner.decide(at(1)).starts == std::vector<TaskNumber>{2});
}

TEST_CASE("planner: a wide test keeps its place, and shorter ones run before it") {
  Planner planner(of_cores(4), auto_strategy());
  planner.add(0, task_of(10, 3));
  CHECK(planner.decide(at(0)).starts.size() == 1);
  planner.add(1, task_of(40, 4));
  planner.add(2, task_of(30, 0.1));  // it fits, and would delay the wide one
  planner.add(3, task_of(9.5, 0.5));
  planner.add(4, task_of(5, 0.5));
  const Decision decision = planner.decide(at(0.1));
  CHECK(decision.starts == std::vector<TaskNumber>{3, 4});
  CHECK(decision.waits == 1);
  CHECK(decision.limit == Limit::cpu);
  planner.ended(0);
  planner.ended(3);
  CHECK(planner.decide(at(9)).starts == std::vector<TaskNumber>{1, 2});
}

TEST_CASE("planner: resources by weight, and nobody overtakes who waits for one") {
  Capacity capacity = of_cores(64);
  capacity.resources = {3, 1};
  Planner planner(capacity, fixed_strategy(64));
  const auto needs = [](double duration_s, std::size_t resource, std::uint32_t weight) {
    Task task = task_of(duration_s);
    task.needs = {{resource, weight}};
    return task;
  };
  planner.add(0, needs(50, 0, 2));
  planner.add(1, needs(40, 0, 3));
  planner.add(2, needs(30, 0, 1));  // there is room, and 1 would never get all three
  planner.add(3, needs(20, 1, 9));  // all there is
  planner.add(4, task_of(10));
  const Decision first = planner.decide(at(0));
  CHECK(first.starts == std::vector<TaskNumber>{0, 3, 4});
  CHECK(first.limit == Limit::resource);
  CHECK(first.waits == 1);
  planner.ended(0);
  CHECK(planner.decide(at(1)).starts == std::vector<TaskNumber>{1});
  planner.ended(1);
  CHECK(planner.decide(at(2)).starts == std::vector<TaskNumber>{2});
}

TEST_CASE("planner: what is alone waits for an empty machine, and keeps it so") {
  Planner planner(of_cores(8), fixed_strategy(8));
  planner.add(0, task_of(10));
  CHECK(planner.decide(at(0)).starts.size() == 1);
  Task alone = task_of(20);
  alone.is_alone = true;
  planner.add(1, alone);
  planner.add(2, task_of(15));
  planner.add(3, task_of(1));  // has ended by then
  const Decision decision = planner.decide(at(1));
  CHECK(decision.limit == Limit::alone);
  CHECK(decision.starts == std::vector<TaskNumber>{3});
  planner.ended(0);
  planner.ended(3);
  CHECK(planner.decide(at(10)).starts == std::vector<TaskNumber>{1});
  CHECK(planner.decide(at(11)).starts.empty());
  planner.ended(1);
  CHECK(planner.decide(at(30)).starts == std::vector<TaskNumber>{2});
}

TEST_CASE("planner: no more than may run at once, and no faster than shows what it takes") {
  Capacity capacity = of_cores(2);
  capacity.tasks_max = 3;
  Planner planner(capacity, auto_strategy());
  Task unknown = task_of(1, 0.01);
  unknown.is_known = false;
  for (TaskNumber i = 0; i < 10; ++i) planner.add(i, unknown);
  CHECK(planner.decide(at(0)).starts.size() == 2);
  const Decision soon = planner.decide(at(0.01));
  CHECK(soon.starts.empty());
  CHECK(soon.limit == Limit::pace);
  CHECK(planner.decide(at(0.1)).starts.size() == 1);
  CHECK(planner.decide(at(0.2)).limit == Limit::count);
  planner.ended(0);
  planner.ended(1);
  CHECK(planner.decide(at(0.21)).starts.size() == 2);  // in their place
}

TEST_CASE("planner: what is known to take little starts at once") {
  Planner planner(of_cores(2), auto_strategy());
  for (TaskNumber i = 0; i < 30; ++i) planner.add(i, task_of(1, 0.125));
  CHECK(planner.decide(at(0)).starts.size() == 16);
  CHECK(planner.decide(at(0.1)).limit == Limit::cpu);
  CHECK(planner.running() == 20);
}

TEST_CASE("planner: tests start beside a build that has all the cores") {
  Planner planner(of_cores(2), auto_strategy());
  for (TaskNumber i = 0; i < 3; ++i) planner.add(i, task_of(1, 0.75));
  Load load = at(0);
  load.other_cores = 2;
  CHECK(planner.decide(load).starts.size() == 2);
}

TEST_CASE("planner: where memory is short nothing starts, and the youngest goes") {
  Planner planner(of_cores(8, 1000 * k_mib), auto_strategy());
  for (TaskNumber i = 0; i < 4; ++i) {
    Task task = task_of(10 - static_cast<double>(i), 0.1);
    task.may_run_again = i != 3;
    planner.add(i, task);
  }
  for (double now_s = 0; planner.waiting() > 0; now_s += 0.1) planner.decide(at(now_s));
  planner.add(9, task_of(1, 0.1));
  Load load = at(2);
  load.available = 140 * k_mib;
  Decision decision = planner.decide(load);
  CHECK(decision.limit == Limit::memory);
  CHECK(decision.starts.empty());
  CHECK(decision.evictions.empty());
  load = at(3);
  load.available = 50 * k_mib;
  decision = planner.decide(load);
  CHECK(decision.evictions == std::vector<TaskNumber>{2});
  planner.ended(2);
  load.now_s = 4;
  CHECK(planner.decide(load).evictions.empty());  // until it shows
  load = at(6);
  load.pressure = MemoryPressure{0.5, 0.2};
  CHECK(planner.decide(load).evictions.size() == 1);
}

TEST_CASE("simulated: with history, within 1.15 of what is possible") {
  for (const Suite suite : {Suite::cpu, Suite::mixed, Suite::sleepy}) {
    for (const double cores : {2.0, 8.0}) {
      for (const unsigned seed : {1U, 2U, 3U}) {
        const auto tests = suite_of(suite, static_cast<std::size_t>(cores * 60), seed);
        Planner planner(of_cores(cores), auto_strategy());
        const Outcome outcome =
            Machine(cores, 1ULL << 50U).run(planner, tests, [](const auto& test, TaskNumber) {
              return task_of(test.duration_s, test.cores);
            });
        const double ratio = outcome.took_s / bound_of(tests, cores);
        INFO("suite ", static_cast<int>(suite), ", cores ", cores, ", seed ", seed, ": ", ratio);
        CHECK(outcome.starts.size() == tests.size());
        CHECK(ratio <= 1.15);
      }
    }
  }
}

TEST_CASE("simulated: what was learned wrong is corrected by what is measured") {
  // Each test takes a tenth of what it is said to.
  for (const double cores : {2.0, 8.0}) {
    const auto tests = suite_of(Suite::sleepy, static_cast<std::size_t>(cores * 60), 1);
    const auto took_s = [&](std::unique_ptr<Strategy> strategy) {
      Planner planner(of_cores(cores), std::move(strategy));
      return Machine(cores, 1ULL << 50U)
          .run(planner, tests,
               [](const auto& test, TaskNumber) { return task_of(test.duration_s, 1); })
          .took_s;
    };
    CHECK(took_s(auto_strategy()) < 0.5 * took_s(fixed_strategy(static_cast<std::size_t>(cores))));
  }
}

TEST_CASE("simulated: eight tests of 500 MB never take more than 2 GB, known or found out") {
  const std::vector<SimulatedTest> tests(8, {1, 20, 500 * k_mib, 0, 10});
  for (const bool is_known : {true, false}) {
    Planner planner(of_cores(8, 2048 * k_mib), auto_strategy());
    const Outcome outcome =
        Machine(8, 2048 * k_mib).run(planner, tests, [&](const auto& test, TaskNumber) {
          Task task = task_of(test.duration_s);
          task.is_known = is_known;
          task.cost.memory = is_known ? test.memory : 150 * k_mib;
          return task;
        });
    CHECK(outcome.most_memory <= 2048 * k_mib);
    CHECK((outcome.evictions > 0) == !is_known);
    CHECK(planner.running() == 0);
  }
}

TEST_CASE("simulated: the same calls give the same schedule") {
  const auto tests = suite_of(Suite::mixed, 200, 7);
  const auto starts = [&] {
    Planner planner(of_cores(4), auto_strategy());
    return Machine(4, 1ULL << 50U)
        .run(planner, tests,
             [](const auto& test, TaskNumber) { return task_of(test.duration_s, test.cores); })
        .starts;
  };
  CHECK(starts() == starts());
}

}  // namespace
}  // namespace sluice::runner
