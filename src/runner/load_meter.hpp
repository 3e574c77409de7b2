// What the machine can do and what the tests on it take, as the planner is told it.
//
// A LoadMeter is told which tasks run and by which process, and turns readings of the machine into
// a Load: what each task used over the last second (k_load_window_s), with all processes below it.
// It knows no clock and reads nothing by itself, so that it is tested with readings that nobody
// took. One thread.
#pragma once

#include "runner/load.hpp"
#include "sys/cgroup.hpp"
#include "sys/load.hpp"
#include "sys/process_usage.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace sluice::runner {

inline constexpr double k_load_window_s = 1.0;

// One look at the machine.
struct MachineReading {
  double now_s = 0;
  std::map<pid_t, sys::ProcessUsage> processes;
  std::map<pid_t, std::chrono::nanoseconds> waited;  // of those that matter
  std::optional<sys::MemoryStalls> stalls;
  std::optional<sys::MachineMemory> memory;
  std::optional<sys::CgroupMemory> group_memory;
  std::optional<sys::ProcessorTimes> processors;
  std::uint64_t throttled_count = 0;
};

// The processors that this process may use, and its memory; without named resources.
Capacity machine_capacity(const sys::Cgroups& cgroups);
// `roots`: processes below which waiting for a processor is counted.
MachineReading read_machine(const sys::Cgroups& cgroups, double now_s,
                            const std::vector<pid_t>& roots);

class LoadMeter {
 public:
  // How long threads of a task have waited for a processor until the last reading.
  double waited_s(TaskNumber task) const;
  // A task that was started now, as a process that leads a group of its own.
  void started(TaskNumber task, pid_t root, double now_s);
  void ended(TaskNumber task);
  // What runs beside the tests and takes from what they can have: a build.
  void other_started(pid_t root, double now_s);
  void other_ended(pid_t root);

  std::vector<pid_t> roots() const;
  Load load(const MachineReading& reading);

 private:
  struct Point {
    double at_s = 0;
    double cpu_s = 0;
    double waited_s = 0;
  };
  struct Tree {
    pid_t root = 0;
    double started_s = 0;
    std::deque<Point> points;  // of the last window, the start first
  };
  struct Rates {
    double cores = 0;
    double waiting = 0;
    std::uint64_t memory = 0;
  };
  static Rates rates_of(Tree& tree, const MachineReading& reading,
                        const std::vector<pid_t>& members);
  void add_machine(Load& load, const MachineReading& reading);

  std::map<TaskNumber, Tree> tasks_;
  std::map<pid_t, Tree> others_;
  std::deque<MachineReading> before_;  // of the last window, without processes
};

}  // namespace sluice::runner
