#include "sys/loop.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

namespace sluice::sys {

Result<Loop> Loop::create() {
  Fd wakeup(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wakeup) return fail_errno(errno, "eventfd");
  return Loop(std::move(wakeup));
}

Loop::Loop(Fd wakeup) : wakeup_(std::move(wakeup)), posted_(std::make_unique<Posted>()) {}

void Loop::watch(int fd, Task ready) { watched_[fd] = std::make_shared<Task>(std::move(ready)); }

void Loop::unwatch(int fd) { watched_.erase(fd); }

Loop::Timer Loop::after(std::chrono::milliseconds span, Task task) {
  timers_.emplace(++last_timer_, Moment{Clock::now() + span, std::move(task)});
  return last_timer_;
}

void Loop::cancel(Timer timer) { timers_.erase(timer); }

void Loop::post(Task task) {
  {
    const std::lock_guard lock(posted_->mutex);
    posted_->tasks.push_back(std::move(task));
  }
  const std::uint64_t one = 1;
  // Full only where it is readable anyway.
  [[maybe_unused]] const auto written = ::write(wakeup_.get(), &one, sizeof one);
}

int Loop::wait_ms() const {
  auto first = Clock::time_point::max();
  for (const auto& [timer, moment] : timers_) first = std::min(first, moment.at);
  if (first == Clock::time_point::max()) return -1;
  const std::int64_t left =
      std::chrono::ceil<std::chrono::milliseconds>(first - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

void Loop::run_due() {
  const auto now = Clock::now();
  std::vector<std::pair<Clock::time_point, Timer>> due;
  for (const auto& [timer, moment] : timers_) {
    if (moment.at <= now) due.emplace_back(moment.at, timer);
  }
  std::ranges::sort(due);
  for (const auto& [at, timer] : due) {
    const auto found = timers_.find(timer);
    if (found == timers_.end()) continue;  // one before it took it back
    const Task task = std::move(found->second.task);
    timers_.erase(found);
    task();
  }
}

void Loop::run_posted() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto taken = ::read(wakeup_.get(), &count, sizeof count);
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(posted_->mutex);
    tasks.swap(posted_->tasks);
  }
  for (const Task& task : tasks) task();
}

Result<void> Loop::run_once() {
  std::vector<pollfd> items = {{.fd = wakeup_.get(), .events = POLLIN, .revents = 0}};
  std::vector<std::shared_ptr<Task>> tasks;
  for (const auto& [fd, task] : watched_) {
    items.push_back({.fd = fd, .events = POLLIN, .revents = 0});
    tasks.push_back(task);
  }
  if (::poll(items.data(), items.size(), wait_ms()) < 0) {
    if (errno != EINTR) return fail_errno(errno, "poll");
    return {};
  }
  // First what others have posted: it may be why one of the descriptors is ready.
  if (items.front().revents != 0) run_posted();
  run_due();
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const pollfd& item = items[i + 1];
    if (item.revents == 0) continue;
    // Another callback may have ended this watch, or begun one of a descriptor of the same number.
    const auto found = watched_.find(item.fd);
    if (found != watched_.end() && found->second == tasks[i]) (*tasks[i])();
  }
  return {};
}

}  // namespace sluice::sys
