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

TEST_CASE("how long tasks waited for memory") {
  const auto stalls = memory_stalls(
      "some avg10=0.10 avg60=0.00 avg300=0.00 total=1500\n"
      "full avg10=0.00 avg60=0.00 avg300=0.00 total=700\n");
  REQUIRE(stalls);
  CHECK(stalls->some == std::chrono::microseconds(1500));
  CHECK(stalls->full == std::chrono::microseconds(700));
  for (const std::string_view text :
       {"", "some total=1\n", "some avg10=0 total=x\nfull avg10=0 total=1\n", "some\nfull\n"}) {
    INFO(text);
    CHECK_FALSE(memory_stalls(text).has_value());
  }
}

TEST_CASE("the memory of the machine") {
  const auto memory = machine_memory(
      "MemTotal:        4000 kB\nMemFree:          100 kB\nMemAvailable:    3000 kB\n");
  REQUIRE(memory);
  CHECK(memory->total == 4000 * 1024);
  CHECK(memory->available == 3000 * 1024);
  for (const std::string_view text :
       {"", "MemTotal: 4000 kB\n", "MemTotal: x kB\nMemAvailable: 1 kB\n",
        "MemTotal: 4000\nMemAvailable: 3000\n"}) {
    INFO(text);
    CHECK_FALSE(machine_memory(text).has_value());
  }
  const auto own = machine_memory();
  REQUIRE(own);
  CHECK(own->available <= own->total);
  CHECK(own->total > 64U << 20U);
}

TEST_CASE("what the processors have done") {
  const auto times = processor_times("cpu  100 5 20 700 30 1 2 40 90 0\ncpu0 1 2 3\n");
  REQUIRE(times);
  CHECK(times->busy == 128);
  CHECK(times->stolen == 40);
  CHECK(times->all == 898);
  for (const std::string_view text :
       {"", "cpu0 1 2 3 4 5 6 7 8", "cpu  1 2 3 4 5 6 7", "cpu  1 2 3 4 5 6 7 x"}) {
    INFO(text);
    CHECK_FALSE(processor_times(text).has_value());
  }
  const auto own = processor_times();
  REQUIRE(own);
  CHECK(own->busy > 0);
  CHECK(own->busy < own->all);
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
