// Nanoseconds since 1970 as the system writes them. A pure function: any thread.
#pragma once

#include "base/deadline.hpp"

#include <ctime>

namespace sluice::sys {

// Also of times before 1970: the nanoseconds are never below zero.
inline timespec timespec_of(UnixNanos time_ns) {
  constexpr UnixNanos k_nanos_per_second = 1'000'000'000;
  timespec time{};
  time.tv_sec = time_ns / k_nanos_per_second;
  time.tv_nsec = time_ns % k_nanos_per_second;
  if (time.tv_nsec < 0) {
    time.tv_nsec += k_nanos_per_second;
    --time.tv_sec;
  }
  return time;
}

}  // namespace sluice::sys
