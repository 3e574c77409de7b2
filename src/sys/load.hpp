// How busy the machine is now, as the kernel says it.
//
// Any thread; a call reads one small file of /proc and costs some ten microseconds. Where /proc
// does not say it, the answer is the one that changes nothing for the caller.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::sys {

// Of /proc/loadavg ("6.46 4.75 2.31 7/152 29990"): the tasks that run or wait for a processor now,
// on the whole machine, whoever reads it included. Nothing for another text.
std::optional<unsigned> runnable_tasks(std::string_view loadavg);

// Whether a processor of the machine has nothing to do while the caller goes on. True where that is
// unknown.
bool has_idle_processor();

// Of /proc/pressure/memory or a group's memory.pressure: how long some tasks, and all that were not
// idle, waited for memory since the machine's start. Nothing for another text.
struct MemoryStalls {
  std::chrono::microseconds some{0};
  std::chrono::microseconds full{0};
};
std::optional<MemoryStalls> memory_stalls(std::string_view pressure);
// That of the machine. Nothing where the kernel does not count it.
std::optional<MemoryStalls> memory_stalls();

// Of /proc/meminfo: bytes that could be had without swapping, and all. Nothing for another text.
struct MachineMemory {
  std::uint64_t available = 0;
  std::uint64_t total = 0;
};
std::optional<MachineMemory> machine_memory(std::string_view meminfo);
std::optional<MachineMemory> machine_memory();

// Of the first line of /proc/stat, in its own unit: since the machine's start, over all
// processors. Nothing for another text.
struct ProcessorTimes {
  std::uint64_t busy = 0;
  std::uint64_t stolen = 0;  // by the hypervisor
  std::uint64_t all = 0;     // those two and idle
};
std::optional<ProcessorTimes> processor_times(std::string_view stat);
std::optional<ProcessorTimes> processor_times();

// What the calling thread has had of the processors since it began.
std::chrono::nanoseconds thread_cpu_time();

}  // namespace sluice::sys
