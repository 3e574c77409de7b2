// The circuit breaker before the store: how long a job waits for it in vain.
//
// A store is worth waiting for as long as it brings something. Time in which go waits, a request is
// blocked on the store and nothing useful comes is taken from a purse; every answer, every byte and
// time in which nobody waits put something back, up to the purse's size. When the purse is empty
// the store is given up: nobody waits for it until it has filled half of the purse by itself, with
// what was under way or what a probe asked for; and the purse is half as large then. So a dead
// store costs a job the first purse and no more, one that trickles as little, and one that comes
// back is used again. Any thread.
#pragma once

#include "store/objects.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace sluice::agent {

// What comes more slowly than this is no help to a compiler.
inline constexpr double k_useful_bytes_per_second = 65536;
inline constexpr auto k_answer_worth = std::chrono::milliseconds(100);
// So much time in which nobody waits is worth one in which somebody does: many waits of a moment do
// not add up.
inline constexpr int k_calm_per_patience = 20;
// However often a store is given up the purse keeps this part of its first size: less would give up
// one that is only far away.
inline constexpr int k_purse_floor_divisor = 3;

// What a job may lose to a dead store, in parts.
struct PatienceParts {
  explicit PatienceParts(std::chrono::milliseconds total)
      : lookups(total * 3 / 4),
        uploads(total),
        uploads_first(total / 2),
        both(total),
        again(lookups / k_purse_floor_divisor) {}

  std::chrono::microseconds lookups;        // of the job's lookups
  std::chrono::microseconds uploads;        // of its waiting for uploads at the end
  std::chrono::microseconds uploads_first;  // of that, before the store has taken something
  // What the lookups have lost when the uploads are waited for is missing there.
  std::chrono::microseconds both;
  // What both purses hold at first where an earlier agent of the job gave the store up.
  std::chrono::microseconds again;
};

class Patience {
 public:
  using Clock = std::chrono::steady_clock;

  // `first` is what the purse holds before the store has said anything.
  explicit Patience(std::chrono::microseconds size, std::chrono::microseconds first)
      : floor_(size / k_purse_floor_divisor), size_(size), left_(first) {}
  explicit Patience(std::chrono::microseconds size) : Patience(size, size) {}

  // Around what go waits for. False: the store is given up, nobody should wait.
  bool begin(Clock::time_point now);
  void end(Clock::time_point now);
  // A thread begins or ends to wait for the store itself. While none does, what go waits for is our
  // own work (or that of a busy machine), which costs no patience.
  void blocked(Clock::time_point now, bool begins);
  // The store answered a request in full, or go got what it asked for; it sent or took bytes.
  void answered(Clock::time_point now);
  void moved(Clock::time_point now, std::uint64_t bytes);

  bool is_given_up(Clock::time_point now);
  // What is missing in the purse; and a purse that holds no more than this until something comes.
  std::chrono::microseconds spent(Clock::time_point now);
  void hold_at_most(Clock::time_point now, std::chrono::microseconds most);

  // begin() and end() of one wait.
  class Wait {
   public:
    explicit Wait(Patience& patience)
        : patience_(patience), worth_it_(patience.begin(Clock::now())) {}
    ~Wait() {
      if (worth_it_) patience_.end(Clock::now());
    }
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    // False from the moment on at which the store is given up.
    bool is_worth_it() const { return worth_it_ && !patience_.is_given_up(Clock::now()); }

   private:
    Patience& patience_;
    const bool worth_it_;
  };

 private:
  void settle_locked(Clock::time_point now);
  void earn_locked(std::chrono::microseconds more);

  std::mutex mutex_;
  const std::chrono::microseconds floor_;
  std::chrono::microseconds size_;
  std::chrono::microseconds left_;
  bool given_up_ = false;
  unsigned waiting_ = 0;
  unsigned blocked_ = 0;
  std::optional<Clock::time_point> since_;  // until when waiting was paid for
};

// A view of a store that tells of every sign of life: what it answers and sends to both, what it
// takes to `uploads`. Borrows all three; as thread-safe as the store.
std::unique_ptr<store::Objects> watched(store::Objects& objects, Patience& lookups,
                                        Patience& uploads);

}  // namespace sluice::agent
