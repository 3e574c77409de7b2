// For how long an agent stays that nobody is connected to: from `sluice ci begin` to `sluice ci
// end` there are steps of a job that start no go.
//
// A value of the agent; any thread may begin it, the accepting one asks. Without a hold an agent
// ends after k_idle_exit; with one after its bound, so that a job that never says that it is over
// leaves no agent behind.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>

namespace sluice::agent {

inline constexpr auto k_unused_max = std::chrono::hours(6);  // the longest that anybody may ask for

class Hold {
 public:
  using Clock = std::chrono::steady_clock;

  // From now on the agent may be unused for so long.
  void begin(std::chrono::milliseconds unused_max) {
    const auto bound = std::chrono::duration_cast<std::chrono::milliseconds>(k_unused_max);
    unused_max_ms_ = std::clamp(unused_max, std::chrono::milliseconds(0), bound).count();
  }
  // Whether it stays now, having been used then for the last time.
  bool keeps(Clock::time_point last_used, Clock::time_point now) const {
    return now - last_used < std::chrono::milliseconds(unused_max_ms_);
  }

 private:
  std::atomic<std::chrono::milliseconds::rep> unused_max_ms_ = 0;  // none
};

}  // namespace sluice::agent
