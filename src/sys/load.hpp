// How busy the machine is now, as the kernel says it.
//
// Any thread; a call reads one small file of /proc and costs some ten microseconds. Where /proc
// does not say it, the answer is the one that changes nothing for the caller.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace sluice::sys {

// Of /proc/loadavg ("6.46 4.75 2.31 7/152 29990"): the tasks that run or wait for a processor now,
// on the whole machine, whoever reads it included. Nothing for another text.
std::optional<unsigned> runnable_tasks(std::string_view loadavg);

// Whether a processor of the machine has nothing to do while the caller goes on. True where that is
// unknown.
bool has_idle_processor();

// What the calling thread has had of the processors since it began.
std::chrono::nanoseconds thread_cpu_time();

}  // namespace sluice::sys
