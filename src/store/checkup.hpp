// A store examined from outside: is it there, how far away, how fast, and what may this job do.
//
// Blocking, one thread, ends soon after its deadline. It works on objects of its own below
// v1/doctor/ of the trust domain, which it removes again where it may, and touches nothing else.
// Never fails: what goes wrong is the result. Times in microseconds, rates in bytes a second.
#pragma once

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "store/objects.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::store {

inline constexpr int k_checkup_round_trips = 9;
inline constexpr std::uint64_t k_checkup_bytes = 8ULL << 20U;  // sent once, read once
inline constexpr unsigned k_checkup_streams = 4;

struct Checkup {
  // One thing that a job needs to do, and why it cannot.
  struct Ability {
    std::string name;    // "read", "write", "list", "remove"
    bool needed = true;  // a job without it gets no use of the store
    bool asked = true;   // false: not tried, because of what failed before
    std::optional<Error> problem;
  };

  std::chrono::microseconds first_answer{0};  // with name, connection, TLS and credentials
  std::chrono::microseconds latency{0};       // median of the round trips after it
  std::optional<double> down_bytes_per_second;
  std::optional<double> up_bytes_per_second;
  std::vector<Ability> abilities;
  std::optional<bool> if_absent;  // honoured; nothing where that was not to be found out
  std::optional<bool> if_match;
  std::optional<double> clock_ahead_s;  // this machine's clock against the store's, to a second

  bool is_usable() const;
};

// `read_only`: nothing is written.
Checkup examine(Objects& objects, std::string_view domain, bool read_only, Deadline deadline);

}  // namespace sluice::store
