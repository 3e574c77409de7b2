// How many tasks should run at once on a machine, by the strategy that runs tests: for other
// schedulers, such as job slots of Flink or Spark.
//
// Pure: any thread.
#pragma once

#include "base/result.hpp"
#include "runner/strategy.hpp"
#include "runner/task.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::runner {

inline constexpr std::size_t k_advised_max = 10'000;

struct Situation {
  double cores = 1;
  std::uint64_t memory = 0;                  // 0: not known, and not looked at
  std::optional<double> cpu_share;           // of all cores in use now
  std::optional<std::uint64_t> free_memory;  // that could still be had
  std::size_t now = 1;                       // tasks that run
  std::size_t slots = 0;                     // at most; 0: as the strategy has it
  Cost task;                                 // what one takes
};

struct Advice {
  std::size_t parallelism = 1;
  Limit limit = Limit::none;  // what keeps one more; none: the slots
};

// `how` as strategy_of() reads it. Code::invalid as there.
Result<Advice> advise(std::string_view how, const Situation& situation);

}  // namespace sluice::runner
