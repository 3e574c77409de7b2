// Runs a few blocking calls at once and waits for all of them.
//
// Called from any thread; its own threads end before it returns. When the system has no more
// threads to give, the calls run one after the other. No errors: tasks keep their own results.
#pragma once

#include <cstddef>
#include <functional>

namespace sluice::store {

// task(0) … task(count - 1), at most `threads_max` at a time, started in this order.
void run_parallel(std::size_t count, std::size_t threads_max,
                  const std::function<void(std::size_t)>& task);

}  // namespace sluice::store
