#include "agent/given_up_mark.hpp"

#include "sys/file.hpp"

namespace sluice::agent {

bool GivenUpMark::is_recent() const {
  const auto info = sys::stat_file(file_, false);
  if (!info || !*info) return false;
  const UnixNanos age_ns = unix_now_ns() - (*info)->mtime_ns;
  return age_ns >= 0 && age_ns < k_given_up_age_max_ns;
}

void GivenUpMark::set(bool given_up) {
  const std::lock_guard lock(mutex_);
  if (!is_ours_) return;
  if (given_up) {
    (void)sys::write_file_atomic(file_, {});  // the next agent waits as long as this one did
  } else {
    (void)sys::remove_file(file_);  // the next agent waits for less long than it could
  }
}

void GivenUpMark::let_go() {
  const std::lock_guard lock(mutex_);
  is_ours_ = false;
}

}  // namespace sluice::agent
