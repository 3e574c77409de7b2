// One thread that waits for many things: descriptors, moments, and tasks from other threads.
//
// All calls are from the thread that runs the loop, but for post(). Whatever is called back may
// watch, cancel and post in turn. Owns no descriptor that it watches. Errors are those of poll(2).
#pragma once

#include "base/result.hpp"
#include "sys/fd.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace sluice::sys {

class Loop {
 public:
  using Task = std::function<void()>;
  using Timer = std::uint64_t;

  static Result<Loop> create();

  // `ready` is called while there is something to read, or the other end is gone.
  void watch(int fd, Task ready);
  void unwatch(int fd);
  Timer after(std::chrono::milliseconds span, Task task);
  void cancel(Timer timer);  // one that has fired is none
  void post(Task task);      // any thread
  // Does what was posted until now: for who has read what somebody wrote after posting. Not from a
  // posted task.
  void catch_up() { run_posted(); }

  // Waits until something is there, and does all that is there then.
  Result<void> run_once();

 private:
  using Clock = std::chrono::steady_clock;
  struct Posted {
    std::mutex mutex;
    std::vector<Task> tasks;
  };
  struct Moment {
    Clock::time_point at;
    Task task;
  };

  explicit Loop(Fd wakeup);
  int wait_ms() const;
  void run_due();
  void run_posted();

  Fd wakeup_;
  std::unique_ptr<Posted> posted_;
  std::map<int, std::shared_ptr<Task>> watched_;
  std::map<Timer, Moment> timers_;
  Timer last_timer_ = 0;
};

}  // namespace sluice::sys
