// A machine as a fluid, for tests of the planner: what runs shares the cores by what it asks for,
// and goes on as much slower as it gets less.
#pragma once

#include "runner/planner.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <utility>
#include <vector>

namespace sluice::runner::testing {

inline constexpr double k_tick_s = 0.1;

struct SimulatedTest {
  double cores = 1;
  double duration_s = 1;  // with all the CPU that it asks for
  std::uint64_t memory = 100ULL << 20U;
  double ready_s = 0;
  double grows_s = 0;  // until it has all its memory
};

struct Outcome {
  double took_s = 0;
  std::size_t most_at_once = 0;
  std::uint64_t most_memory = 0;
  std::size_t evictions = 0;
  std::vector<std::pair<TaskNumber, double>> starts;
};

// What no schedule can be faster than.
inline double bound_of(const std::vector<SimulatedTest>& tests, double cores) {
  double work_s = 0;
  double longest_s = 0;
  for (const SimulatedTest& test : tests) {
    work_s += std::min(test.cores, cores) * test.duration_s;
    longest_s = std::max(longest_s, test.ready_s + test.duration_s);
  }
  return std::max(work_s / cores, longest_s);
}

class Machine {
 public:
  Machine(double cores, std::uint64_t memory) : cores_(cores), memory_(memory) {}

  // `task_of` says what the planner is told of a test.
  template <class TaskOf>
  Outcome run(Planner& planner, const std::vector<SimulatedTest>& tests, TaskOf task_of) {
    Outcome outcome;
    std::vector<bool> is_added(tests.size());
    std::size_t left = tests.size();
    for (double now_s = 0; left > 0 && now_s < 1e6; now_s += k_tick_s) {
      for (TaskNumber i = 0; i < tests.size(); ++i) {
        if (is_added[i] || tests[i].ready_s > now_s) continue;
        is_added[i] = true;
        planner.add(i, task_of(tests[i], i));
      }
      decide(planner, tests, task_of, now_s, outcome);
      outcome.most_at_once = std::max(outcome.most_at_once, running_.size());
      outcome.most_memory = std::max(outcome.most_memory, memory_used(tests));
      left -= go_on(planner, tests, task_of, now_s, outcome);
    }
    return outcome;
  }

 private:
  struct Run {
    double left_s = 0;
    double started_s = 0;
  };

  static std::uint64_t memory_of(const SimulatedTest& test, const Run& run) {
    const double age_s = test.duration_s - run.left_s;
    if (age_s >= test.grows_s) return test.memory;
    return static_cast<std::uint64_t>(static_cast<double>(test.memory) * age_s / test.grows_s);
  }

  double speed(const std::vector<SimulatedTest>& tests) const {
    double asked = 0;
    for (const auto& [number, run] : running_) asked += std::min(tests[number].cores, cores_);
    return asked <= cores_ ? 1 : cores_ / asked;
  }

  std::uint64_t memory_used(const std::vector<SimulatedTest>& tests) const {
    std::uint64_t sum = 0;
    for (const auto& [number, run] : running_) sum += memory_of(tests[number], run);
    return sum;
  }

  Load load_at(double now_s, const std::vector<SimulatedTest>& tests) const {
    Load load;
    load.now_s = now_s;
    const double speed_now = speed(tests);
    double used = 0;
    for (const auto& [number, run] : running_) {
      const double asked = std::min(tests[number].cores, cores_);
      load.running.push_back({number, now_s - run.started_s, asked * speed_now,
                              asked * (1 - speed_now), memory_of(tests[number], run)});
      used += asked * speed_now;
    }
    load.cpu_share = used / cores_;
    load.available = memory_ - std::min(memory_, memory_used(tests));
    return load;
  }

  // Asks the planner, and does what it says.
  template <class TaskOf>
  void decide(Planner& planner, const std::vector<SimulatedTest>& tests, TaskOf task_of,
              double now_s, Outcome& outcome) {
    const Decision decision = planner.decide(load_at(now_s, tests));
    for (const TaskNumber number : decision.evictions) {
      ++outcome.evictions;
      running_.erase(number);
      planner.ended(number);
      planner.add(number, task_of(tests[number], number));
    }
    for (const TaskNumber number : decision.starts) {
      running_[number] = {tests[number].duration_s, now_s};
      outcome.starts.emplace_back(number, now_s);
    }
  }

  // A tick, in which tasks end when they end, and others take their place at once. How many ended.
  template <class TaskOf>
  std::size_t go_on(Planner& planner, const std::vector<SimulatedTest>& tests, TaskOf task_of,
                    double now_s, Outcome& outcome) {
    std::size_t ended = 0;
    for (double left_s = k_tick_s; left_s > 1e-9 && !running_.empty();) {
      const double speed_now = speed(tests);
      double step_s = left_s;
      for (const auto& [number, run] : running_) step_s = std::min(step_s, run.left_s / speed_now);
      left_s -= step_s;
      std::vector<TaskNumber> over;
      for (auto& [number, run] : running_) {
        run.left_s -= step_s * speed_now;
        if (run.left_s <= 1e-9) over.push_back(number);
      }
      const double at_s = now_s + k_tick_s - left_s;
      for (const TaskNumber number : over) {
        running_.erase(number);
        planner.ended(number);
        ++ended;
        outcome.took_s = at_s;
      }
      if (!over.empty()) decide(planner, tests, task_of, at_s, outcome);
    }
    return ended;
  }

  const double cores_;
  const std::uint64_t memory_;
  std::map<TaskNumber, Run> running_;
};

enum class Suite { cpu, mixed, sleepy };

// Log-normal durations, as those of real suites are.
inline std::vector<SimulatedTest> suite_of(Suite suite, std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::lognormal_distribution<double> duration(0.0, 1.0);
  std::uniform_real_distribution<double> share(0, 1);
  std::vector<SimulatedTest> tests;
  for (std::size_t i = 0; i < count; ++i) {
    const bool sleeps = suite == Suite::sleepy || (suite == Suite::mixed && i % 2 == 0);
    SimulatedTest test;
    test.duration_s = std::min(30.0, duration(random));
    test.cores = sleeps ? 0.02 + 0.08 * share(random) : 0.7 + 0.6 * share(random);
    if (!sleeps && share(random) < 0.1) test.cores = 2 + 2 * share(random);  // t.Parallel
    tests.push_back(test);
  }
  return tests;
}

}  // namespace sluice::runner::testing
