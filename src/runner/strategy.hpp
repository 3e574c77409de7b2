// How many tests run at once: the part of the planner that can be exchanged.
//
// A strategy is told the load at each tick and asked for each task whether one more fits. It
// belongs to one planner, knows no queue, no process and no clock, and is used by one thread.
//
//   auto         predicts what each test takes, measures what it does take, and corrects: admits
//                while the demand for CPU is below a factor of what there is
//   fixed=N      N at once
//   go           as go test does: as many as -p says, in the order of the packages
//   threshold    the classic rule: one less where CPU or memory is short, else one more, every 30 s
#pragma once

#include "runner/load.hpp"
#include "runner/task.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::runner {

// What runs, those that were started in this tick included.
struct Usage {
  std::size_t count = 0;
  double cores = 0;          // demand: measured where it is known, else predicted
  std::uint64_t memory = 0;  // the larger of measured and predicted
};

enum class Limit {
  none,  // it fits
  cpu,
  memory,
  count,
  resource,  // one that it needs is taken
  alone,     // it, or one that runs, has the machine to itself
  pace,      // enough were started in this tick
  reserved,  // it would delay one that is before it
};
std::string_view name_of(Limit limit);

class Strategy {
 public:
  virtual ~Strategy() = default;
  virtual void observe(const Load& load, const Capacity& capacity, bool is_waiting_for_cpu) = 0;
  virtual Limit limit(const Cost& cost, const Usage& usage, const Capacity& capacity) const = 0;
  // How many more than before may run after a tenth of a second.
  virtual std::size_t starts_max(const Capacity& capacity) const = 0;
  // Whether nothing is started, and something ended, where memory gets short.
  virtual bool guards_memory() const { return false; }
  // Tasks are started in the order in which they came.
  virtual bool keeps_order() const { return false; }
  // For the record of decisions: "h 1.25", "target 3".
  virtual std::string state() const = 0;
};

// Constants and where they come from: docs/decisions/adaptive-parallelism.md.
struct AutoSettings {
  double factor = 1.25;  // demand for CPU over what there is
  double factor_min = 1.0;
  double factor_max = 3.0;
  double memory_share = 0.8;
  double tasks_by_core = 16;
};

struct ThresholdSettings {
  double cpu_max = 0.85;
  std::uint64_t free_memory_min = 2048ULL << 20U;
  std::size_t slots = 0;  // at most; 0: four a core
  double every_s = 30;
};

std::unique_ptr<Strategy> auto_strategy(const AutoSettings& settings = {});
std::unique_ptr<Strategy> fixed_strategy(std::size_t count);
std::unique_ptr<Strategy> go_strategy(std::size_t packages_at_once);
std::unique_ptr<Strategy> threshold_strategy(const ThresholdSettings& settings, std::size_t first);

// The classic rule for one look: the parallelism that should follow.
std::size_t threshold_step(std::size_t now, std::optional<double> cpu_share,
                           std::optional<std::uint64_t> available, std::size_t slots,
                           const ThresholdSettings& settings);

}  // namespace sluice::runner
