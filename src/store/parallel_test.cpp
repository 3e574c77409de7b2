#include "store/parallel.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

namespace sluice::store {
namespace {

TEST_CASE("every task runs once, whatever the number of threads") {
  for (const std::size_t threads : {1U, 2U, 16U}) {
    for (const std::size_t count : {0U, 1U, 5U, 100U}) {
      std::vector<std::atomic<int>> runs(count);
      run_parallel(count, threads, [&](std::size_t i) { ++runs[i]; });
      for (const auto& one : runs) CHECK(one == 1);
    }
  }
}

TEST_CASE("tasks run at the same time, and not more than allowed") {
  std::mutex mutex;
  std::condition_variable changed;
  int running = 0;
  int most = 0;
  run_parallel(6, 3, [&](std::size_t) {
    std::unique_lock lock(mutex);
    most = std::max(most, ++running);
    changed.notify_all();
    // The first ones wait for each other: they can only go on when three run at once.
    changed.wait_for(lock, std::chrono::seconds(30), [&] { return most == 3; });
    --running;
  });
  CHECK(most == 3);
}

}  // namespace
}  // namespace sluice::store
