// A file by which an agent that gave its store up tells the next one of the job, which waits for
// less long then.
//
// Any thread. A mark that cannot be written or removed is only less help: no errors.
#pragma once

#include "base/deadline.hpp"
#include "sys/file.hpp"

#include <mutex>

namespace sluice::agent {

inline constexpr UnixNanos k_given_up_age_max_ns = 600'000'000'000;  // older ones say nothing

class GivenUpMark {
 public:
  explicit GivenUpMark(sys::Path file) : file_(std::move(file)) {}

  // Whether an agent of this job gave the store up not long ago.
  bool is_recent() const;
  void set(bool given_up);
  // The next agent may run from now on: the mark is its own.
  void let_go();

 private:
  const sys::Path file_;
  std::mutex mutex_;
  bool is_ours_ = true;
};

}  // namespace sluice::agent
