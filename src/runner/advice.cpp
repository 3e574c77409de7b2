#include "runner/advice.hpp"

#include "runner/strategy_words.hpp"

#include <algorithm>

namespace sluice::runner {
namespace {

constexpr double k_long_after_s = 1e9;  // since any look before

// With so many running in place of those that do now.
Usage usage_of(const Situation& situation, std::size_t count) {
  const double more = static_cast<double>(count) - static_cast<double>(situation.now);
  const double memory_used =
      situation.memory == 0 || !situation.free_memory
          ? 0
          : static_cast<double>(situation.memory) - static_cast<double>(*situation.free_memory);
  Usage usage;
  usage.count = count;
  usage.cores = std::max(
      0.0, situation.cpu_share.value_or(0) * situation.cores + more * situation.task.cores);
  usage.memory = static_cast<std::uint64_t>(
      std::max(0.0, memory_used + more * static_cast<double>(situation.task.memory)));
  return usage;
}

}  // namespace

Result<Advice> advise(std::string_view how, const Situation& situation) {
  const std::size_t now = std::max<std::size_t>(situation.now, 1);
  TRY_ASSIGN(const auto strategy, strategy_of(how, now));
  Capacity capacity;
  capacity.cores = situation.cores;
  capacity.memory = situation.memory;
  Load load;
  load.now_s = k_long_after_s;
  load.cpu_share = situation.cpu_share;
  load.available = situation.free_memory;
  strategy->observe(load, capacity, false);
  const auto limit_beside = [&](std::size_t count) {
    return strategy->limit(situation.task, usage_of(situation, count), capacity);
  };
  const std::size_t most = situation.slots == 0 ? k_advised_max : situation.slots;
  Advice advice{std::min(now, most), Limit::none};
  while (advice.parallelism > 1 && limit_beside(advice.parallelism - 1) != Limit::none) {
    --advice.parallelism;
  }
  while (advice.parallelism < most && limit_beside(advice.parallelism) == Limit::none) {
    ++advice.parallelism;
  }
  if (advice.parallelism < most) advice.limit = limit_beside(advice.parallelism);
  return advice;
}

}  // namespace sluice::runner
