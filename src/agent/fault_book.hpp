// Every fault of an agent's life, counted by reason, and which of them the user has been told.
// Any thread.
#pragma once

#include "agent/counters.hpp"
#include "sys/log.hpp"

#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace sluice::agent {

class FaultBook {
 public:
  void count(std::string_view reason, std::string_view message) {
    sys::log_warn("{}: {}", reason, message);
    const std::lock_guard lock(mutex_);
    count_fault(faults_, reason, message);
  }
  void add(const Faults& more) {
    const std::lock_guard lock(mutex_);
    add_faults(faults_, more);
  }
  Faults all() const {
    const std::lock_guard lock(mutex_);
    return faults_;
  }
  // Reasons nobody has been told of, each handed out once.
  Faults take_untold() {
    const std::lock_guard lock(mutex_);
    Faults untold;
    for (const auto& [reason, fault] : faults_) {
      if (told_.insert(reason).second) untold.emplace(reason, fault);
    }
    return untold;
  }

 private:
  mutable std::mutex mutex_;
  Faults faults_;
  std::set<std::string, std::less<>> told_;
};

}  // namespace sluice::agent
