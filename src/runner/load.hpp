// What a machine can do and what is going on there, as the planner is told it at each tick.
//
// Values; measured by others (over a second or two), so that a schedule can be replayed and
// simulated. Shares are of 1.
#pragma once

#include "runner/task.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace sluice::runner {

struct Capacity {
  double cores = 1;                      // affinity and the tightest quota
  std::uint64_t memory = 0;              // the tightest limit; 0: not known, and not looked at
  std::vector<std::uint32_t> resources;  // how much there is of each
  std::size_t tasks_max = 0;             // at once, whatever else allows; 0: by the strategy
};

// A task that runs: of its whole process group.
struct TaskLoad {
  TaskNumber task = 0;
  double age_s = 0;
  double cores = 0;    // CPU that it used
  double waiting = 0;  // threads that could have run and had no CPU, on average
  std::uint64_t memory = 0;
};

// The share of time in which some, or all, tasks waited for memory (PSI).
struct MemoryPressure {
  double some = 0;
  double full = 0;
};

struct Load {
  double now_s = 0;
  std::vector<TaskLoad> running;
  double other_cores = 0;                  // builds beside the tests
  std::uint64_t other_memory = 0;          // likewise
  std::optional<double> cpu_share;         // of all cores, whoever uses them
  std::optional<std::uint64_t> available;  // memory that could still be had
  std::optional<MemoryPressure> pressure;
  bool is_throttled = false;  // a quota was used up since the last tick
  double steal = 0;           // share of CPU time that the hypervisor took
};

}  // namespace sluice::runner
