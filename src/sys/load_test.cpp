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

TEST_CASE("busy processors are seen, and what a thread has of them") {
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
  const auto started = std::chrono::steady_clock::now();
  const auto before = thread_cpu_time();
  CHECK(idle <= 2);  // right after their start they may all be somewhere else
  while (std::chrono::steady_clock::now() < started + std::chrono::milliseconds(200)) {
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const auto spent = thread_cpu_time() - before;
  CHECK(spent.count() > 0);
  CHECK(spent < std::chrono::steady_clock::now() - started - std::chrono::milliseconds(50));
  stop = true;
  for (std::thread& one : busy) one.join();
}

}  // namespace
}  // namespace sluice::sys
