#include "sys/load.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

namespace sluice::sys {
namespace {

TEST_CASE("the runnable tasks of /proc/loadavg") {
  CHECK(runnable_tasks("6.46 4.75 2.31 7/152 29990\n") == 7U);
  CHECK(runnable_tasks("0.00 0.00 0.00 1/99 5\n") == 1U);
  for (const std::string_view text : {"", "0.1 0.2", "0 0 0 x/9 5", "0 0 0 / 5", "0 0 0 -1/9 5"}) {
    INFO(text);
    CHECK_FALSE(runnable_tasks(text).has_value());
  }
}

TEST_CASE("busy processors are seen, and so is the wait for one") {
  const long processors = ::sysconf(_SC_NPROCESSORS_ONLN);
  std::atomic<bool> stop = false;
  std::vector<std::thread> busy;
  busy.reserve(static_cast<std::size_t>(2 * processors));
  for (long i = 0; i < 2 * processors; ++i) {
    busy.emplace_back([&stop] {
      while (!stop) {
      }
    });
  }
  int idle = 0;
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (has_idle_processor()) ++idle;
  }
  const auto delay = thread_run_delay();
  CHECK(idle <= 2);  // right after their start they may all be somewhere else
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  while (std::chrono::steady_clock::now() < end) {
  }
  CHECK(thread_run_delay() > delay);
  stop = true;
  for (std::thread& one : busy) one.join();
}

}  // namespace
}  // namespace sluice::sys
