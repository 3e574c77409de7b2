#include "runner/strategy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sluice::runner {
namespace {

constexpr double k_correct_every_s = 2;
constexpr double k_waiting_max = 0.5;  // threads without a CPU, by core
constexpr double k_idle_below = 0.9;   // of the cores in use
constexpr double k_factor_down = 0.9;  // times
constexpr double k_factor_up = 0.1;    // plus
constexpr double k_steal_max = 0.1;
constexpr double k_shrunk_for_s = 10;
constexpr double k_shrunk_to = 0.75;  // of the cores, while others take them away
constexpr std::size_t k_slots_by_core = 4;

class Auto final : public Strategy {
 public:
  explicit Auto(const AutoSettings& settings) : settings_(settings), factor_(settings.factor) {}

  void observe(const Load& load, const Capacity& capacity, bool is_waiting_for_cpu) override {
    if (load.is_throttled || load.steal > k_steal_max) {
      shrunk_until_s_ = load.now_s + k_shrunk_for_s;
    }
    is_shrunk_ = load.now_s < shrunk_until_s_;
    if (load.now_s - corrected_s_ < k_correct_every_s) return;
    corrected_s_ = load.now_s;
    double used = load.other_cores;
    double waiting = 0;
    for (const TaskLoad& one : load.running) {
      used += one.cores;
      waiting += one.waiting;
    }
    const bool is_crowded = waiting > k_waiting_max * capacity.cores;
    if (is_crowded && was_crowded_) {
      factor_ = std::max(settings_.factor_min, factor_ * k_factor_down);
    } else if (!is_crowded && is_waiting_for_cpu && used < k_idle_below * capacity.cores) {
      factor_ = std::min(settings_.factor_max, factor_ + k_factor_up);
    }
    was_crowded_ = is_crowded;
  }

  Limit limit(const Cost& cost, const Usage& usage, const Capacity& capacity) const override {
    if (usage.count == 0) return Limit::none;
    if (static_cast<double>(usage.count) >= std::ceil(settings_.tasks_by_core * capacity.cores)) {
      return Limit::count;
    }
    if (capacity.memory != 0) {
      const double room = settings_.memory_share * static_cast<double>(capacity.memory);
      if (static_cast<double>(usage.memory) + static_cast<double>(cost.memory) > room) {
        return Limit::memory;
      }
    }
    const double cores = capacity.cores * (is_shrunk_ ? k_shrunk_to : 1.0);
    // No test takes more than there is.
    const double demand = std::min(cost.cores, cores);
    return usage.cores + demand > factor_ * cores ? Limit::cpu : Limit::none;
  }

  std::size_t starts_max(const Capacity& capacity) const override {
    return static_cast<std::size_t>(std::max(1.0, capacity.cores / 4));
  }

  bool guards_memory() const override { return true; }

  std::string state() const override {
    return fmt::format("factor {:.2f}{}", factor_, is_shrunk_ ? ", fewer cores" : "");
  }

 private:
  const AutoSettings settings_;
  double factor_;
  double corrected_s_ = 0;
  double shrunk_until_s_ = 0;
  bool is_shrunk_ = false;
  bool was_crowded_ = false;
};

class Fixed : public Strategy {
 public:
  explicit Fixed(std::size_t count) : count_(std::max<std::size_t>(1, count)) {}

  void observe(const Load&, const Capacity&, bool) override {}
  Limit limit(const Cost&, const Usage& usage, const Capacity&) const override {
    return usage.count < count_ ? Limit::none : Limit::count;
  }
  std::size_t starts_max(const Capacity&) const override { return count_; }
  std::string state() const override { return fmt::format("{} at once", count_); }

 private:
  const std::size_t count_;
};

class InOrder final : public Fixed {
 public:
  using Fixed::Fixed;
  bool keeps_order() const override { return true; }
};

class Threshold final : public Strategy {
 public:
  Threshold(const ThresholdSettings& settings, std::size_t first)
      : settings_(settings), target_(std::max<std::size_t>(1, first)) {
    if (settings_.slots != 0) target_ = std::min(target_, settings_.slots);
  }

  void observe(const Load& load, const Capacity& capacity, bool) override {
    if (load.now_s - looked_s_ < settings_.every_s) return;
    looked_s_ = load.now_s;
    const auto by_cores =
        k_slots_by_core * static_cast<std::size_t>(std::max(1.0, std::ceil(capacity.cores)));
    target_ = threshold_step(target_, load.cpu_share, load.available,
                             settings_.slots == 0 ? by_cores : settings_.slots, settings_);
  }
  Limit limit(const Cost&, const Usage& usage, const Capacity&) const override {
    return usage.count < target_ ? Limit::none : Limit::count;
  }
  std::size_t starts_max(const Capacity&) const override { return target_; }
  std::string state() const override { return fmt::format("target {}", target_); }

 private:
  const ThresholdSettings settings_;
  std::size_t target_;
  double looked_s_ = 0;
};

}  // namespace

std::string_view name_of(Limit limit) {
  switch (limit) {
    case Limit::none: return "none";
    case Limit::cpu: return "cpu";
    case Limit::memory: return "memory";
    case Limit::count: return "count";
    case Limit::resource: return "resource";
    case Limit::alone: return "alone";
    case Limit::pace: return "pace";
    case Limit::reserved: return "reserved";
  }
  return "none";
}

std::unique_ptr<Strategy> auto_strategy(const AutoSettings& settings) {
  return std::make_unique<Auto>(settings);
}
std::unique_ptr<Strategy> fixed_strategy(std::size_t count) {
  return std::make_unique<Fixed>(count);
}
std::unique_ptr<Strategy> go_strategy(std::size_t packages_at_once) {
  return std::make_unique<InOrder>(packages_at_once);
}
std::unique_ptr<Strategy> threshold_strategy(const ThresholdSettings& settings, std::size_t first) {
  return std::make_unique<Threshold>(settings, first);
}

std::size_t threshold_step(std::size_t now, std::optional<double> cpu_share,
                           std::optional<std::uint64_t> available, std::size_t slots,
                           const ThresholdSettings& settings) {
  const bool is_short = (cpu_share && *cpu_share > settings.cpu_max) ||
                        (available && *available < settings.free_memory_min);
  if (is_short) return std::max<std::size_t>(1, now - std::min<std::size_t>(now, 1));
  return std::min(std::max<std::size_t>(1, slots), now + 1);
}

}  // namespace sluice::runner
