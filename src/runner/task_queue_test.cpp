#include "runner/task_queue.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace sluice::runner {

TEST_CASE("task queue: all is done in its order, also what still waits at the end") {
  std::vector<int> done;
  {
    TaskQueue queue;
    for (int i = 0; i < 1000; ++i) {
      queue.add([&done, i] { done.push_back(i); });
    }
    queue.finish();
    CHECK(done.size() == 1000);
    queue.finish();
  }
  CHECK(std::is_sorted(done.begin(), done.end()));
  const TaskQueue unused;
}

}  // namespace sluice::runner
