// Time: a Deadline bounds an operation on the monotonic clock; UnixNanos stamps what is stored.
//
// A Deadline is made once at the top of an operation and handed down: every wait below takes what
// is left of it. Values: any thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace sluice {

using UnixNanos = std::int64_t;  // nanoseconds since 1970 UTC, as Go writes them into its cache

inline UnixNanos unix_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  static Deadline after(std::chrono::milliseconds span) { return Deadline(Clock::now() + span); }
  static Deadline never() { return Deadline(Clock::time_point::max()); }

  bool passed() const { return Clock::now() >= at_; }
  bool is_never() const { return at_ == Clock::time_point::max(); }
  Clock::time_point at() const { return at_; }
  Deadline sooner(Deadline other) const { return other.at_ < at_ ? other : *this; }

  // What is left, never negative, rounded up to whole milliseconds and capped at a day: fits
  // poll(2).
  int left_ms() const {
    if (is_never()) return k_day_ms;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - Clock::now()).count();
    if (left <= 0) return 0;
    return left > k_day_ms ? k_day_ms : static_cast<int>(left);
  }

 private:
  static constexpr int k_day_ms = 24 * 60 * 60 * 1000;
  explicit Deadline(Clock::time_point at) : at_(at) {}
  Clock::time_point at_;
};

}  // namespace sluice
