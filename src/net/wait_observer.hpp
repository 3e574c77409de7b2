// Tells somebody when threads begin and end to wait for the other side of the network.
//
// Only time in which a thread is blocked on a server counts (its name, its connection, its answer,
// its readiness to take more, a pause before it is asked again), not what we do ourselves with what
// came.
#pragma once

#include <functional>

namespace sluice::net {

// Called from any thread, several at once; returns at once.
using WaitObserver = std::function<void(bool begins)>;

class Waiting {
 public:
  // The observer outlives it; null or empty: nobody is told.
  explicit Waiting(const WaitObserver* observer) : observer_(observer) { tell(true); }
  ~Waiting() { tell(false); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  void tell(bool begins) const {
    if (observer_ != nullptr && *observer_) (*observer_)(begins);
  }
  const WaitObserver* observer_;
};

}  // namespace sluice::net
