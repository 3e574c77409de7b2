// How many requests a store is worth at once, and how large: learned from the requests of the job.
//
// A store behind a network answers after a latency, and a connection that waits for an answer
// brings nothing: enough requests must be under way to keep the line full. A store on the same
// machine is limited by the CPUs, where more requests only compete with the compiler. Nothing is
// known before the first answers, so the first requests are few and small: what is needed first
// comes first. Any thread.
#pragma once

#include "base/deadline.hpp"
#include "store/objects.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>

namespace sluice::agent {

inline constexpr unsigned k_streams_max = 16;
inline constexpr unsigned k_streams_first = 8;  // while nothing is known
inline constexpr unsigned k_streams_warm = 8;   // connections opened before they are needed
inline constexpr std::uint64_t k_request_bytes_max = 4ULL << 20U;
inline constexpr std::uint64_t k_request_bytes_min = 256ULL << 10U;
inline constexpr std::uint64_t k_gap_bytes_max = 256ULL << 10U;
// Believed until something was fetched.
inline constexpr double k_assumed_bytes_per_second = 12.5e6;
inline constexpr auto k_assumed_latency = std::chrono::milliseconds(20);
// A request shall not hold the line for longer, so that what is asked for meanwhile gets its share.
inline constexpr auto k_request_time_max = std::chrono::milliseconds(250);

class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  // `cores` bounds what a store without latency is given.
  explicit Pace(unsigned cores) : cores_(cores) {}

  // Around each request, and as its bytes come. `first_byte` is the time to the first byte of the
  // answer, `bytes` is what all of it brought.
  void begin(Clock::time_point now);
  void moved(Clock::time_point now, std::uint64_t bytes);
  void end(Clock::time_point now, std::chrono::microseconds first_byte, std::uint64_t bytes);

  unsigned streams() const;             // requests at once, 1 to k_streams_max
  std::uint64_t request_bytes() const;  // of the next one
  // What is cheaper to read over than to ask around.
  std::uint64_t gap_bytes() const;
  // How long so many bytes will probably take.
  std::chrono::microseconds expected_time(std::uint64_t bytes) const;
  std::chrono::microseconds latency() const;
  double bytes_per_second() const;  // 0: unknown

 private:
  void look_locked(Clock::time_point now);

  const unsigned cores_;
  mutable std::mutex mutex_;
  std::uint64_t requests_ = 0;
  std::chrono::microseconds latency_{0};  // the lowest seen: queueing is no distance
  double mean_bytes_ = 0;                 // of a request, moving
  // The line's rate is what came while at least one request was under way; the best window counts.
  unsigned under_way_ = 0;
  Clock::time_point window_start_{};
  std::uint64_t window_bytes_ = 0;
  double best_rate_ = 0;
};

// A view of a store that tells a Pace of each ranged read; everything else is passed on as it is.
// Borrows both; as thread-safe as the store.
std::unique_ptr<store::Objects> paced(store::Objects& objects, Pace& pace);

}  // namespace sluice::agent
