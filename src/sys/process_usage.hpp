// What processes take of the machine: CPU time, memory, and how long they waited for a processor.
//
// One pass over /proc at one moment: what starts or ends meanwhile may be missed, and a thread that
// has ended takes its waiting with it. Any thread; a pass reads one small file for each process of
// the machine. Source: proc(5) for stat and statm, the kernel's sched-stats for schedstat.
#pragma once

#include "sys/file.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::sys {

struct ProcessUsage {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  std::chrono::nanoseconds cpu{0};  // of all its threads, and of its children that have ended
  std::uint64_t memory = 0;         // resident, shared pages included
};

// Of a text of /proc/PID/stat; `tick` is the unit of its times. Nothing for another text.
std::optional<ProcessUsage> parse_process_stat(std::string_view text, std::chrono::nanoseconds tick,
                                               std::uint64_t page_size);
// How long the threads of a process could have run and did not, since each began. Zero for one that
// is not there, and where the kernel does not count it.
std::chrono::nanoseconds waited_for_cpu(pid_t pid);

// All processes at one moment, by their ids.
std::map<pid_t, ProcessUsage> process_usages();
// Those below each of the roots, with the root itself where it lives: by parents, and by process
// group for those whose parent has gone.
std::map<pid_t, std::vector<pid_t>> processes_below(const std::vector<pid_t>& roots,
                                                    const std::map<pid_t, ProcessUsage>& all);

}  // namespace sluice::sys
