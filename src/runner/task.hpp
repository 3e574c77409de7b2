// A test run as the planner sees it: what it costs and what it needs.
//
// Values; no process, no clock, no file. Cores are CPU time by wall time (1.5: one and a half
// processors), memory is bytes, times are seconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::runner {

using TaskNumber = std::uint32_t;  // counted by who adds tasks

struct Cost {
  double cores = 1;
  std::uint64_t memory = 0;  // at its peak
  double duration_s = 0;
};

// A share of a named resource (a database pool, a browser grid, the places of a class).
struct Need {
  std::size_t resource = 0;  // its place in Capacity::resources
  std::uint32_t weight = 1;
};

struct Task {
  std::string name;
  Cost cost;              // what it will take
  bool is_known = false;  // the cost is from runs before; else it is a guess, and the task is first
  bool is_alone = false;  // nothing else runs meanwhile
  bool is_last = false;   // behind all that are not, such as what is in quarantine
  bool may_run_again = true;  // it may be ended to free memory, and is started anew
  std::vector<Need> needs;
};

}  // namespace sluice::runner
