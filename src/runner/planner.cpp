#include "runner/planner.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

namespace sluice::runner {
namespace {

constexpr double k_measured_from_s = 0.5;  // before that a task counts with what was predicted
constexpr double k_overdue_s = 0.5;        // what one that should have ended still takes, at least
constexpr double k_overdue_share = 0.25;   // of its age
constexpr double k_pace_known_min = 0.1;
constexpr double k_pace_s = 0.1;  // in which Strategy::starts_max may be started
// What counts of builds beside the tests: who waits for the last of them waits for the tests, too.
constexpr double k_other_cores_max = 0.5;
constexpr double k_pressure_some_max = 0.10;
constexpr double k_pressure_full_max = 0.05;
constexpr double k_available_stop = 0.15;   // of the memory: nothing more is started
constexpr double k_available_evict = 0.07;  // something is ended
constexpr double k_evict_every_s = 2;       // until its memory shows

// What is new has to show what it takes; of what is known so much is known.
double pace_of(const Task& task) {
  return task.is_known ? std::clamp(task.cost.cores, k_pace_known_min, 1.0) : 1.0;
}

bool is_below(const Load& load, const Capacity& capacity, double share) {
  return load.available && capacity.memory != 0 &&
         static_cast<double>(*load.available) < share * static_cast<double>(capacity.memory);
}

}  // namespace

bool Planner::Rank::operator<(const Rank& other) const {
  return std::tuple(is_last, is_known, -duration_s, order) <
         std::tuple(other.is_last, other.is_known, -other.duration_s, other.order);
}

Planner::Planner(Capacity capacity, std::unique_ptr<Strategy> strategy)
    : capacity_(std::move(capacity)),
      strategy_(std::move(strategy)),
      evicted_s_(-k_evict_every_s) {}

Planner::Rank Planner::rank_of(const Task& task) const {
  Rank rank{task.is_last, task.is_known, task.cost.duration_s, added_};
  if (strategy_->keeps_order()) rank = {task.is_last, false, 0, added_};
  return rank;
}

void Planner::add(TaskNumber number, Task task) {
  queue_.emplace(rank_of(task), number);
  ++added_;
  tasks_.insert_or_assign(number, std::move(task));
}

void Planner::ended(TaskNumber number) {
  const auto at = running_.find(number);
  if (at == running_.end()) return;
  pace_ += pace_of(at->second.task);
  running_.erase(at);
}

// What is new needs a moment to show what it takes.
void Planner::gain_pace(double now_s) {
  const auto at_once = static_cast<double>(strategy_->starts_max(capacity_));
  if (!decided_s_) {
    pace_ = std::max(at_once, std::ceil(capacity_.cores));
  } else if (pace_ < at_once) {
    pace_ = std::min(at_once, pace_ + at_once * (now_s - *decided_s_) / k_pace_s);
  }
  decided_s_ = now_s;
}

Usage Planner::usage_of(const Load& load) const {
  std::unordered_map<TaskNumber, const TaskLoad*> measured;
  for (const TaskLoad& one : load.running) measured.emplace(one.task, &one);
  Usage usage;
  usage.count = running_.size();
  usage.cores = std::min(load.other_cores, k_other_cores_max * capacity_.cores);
  usage.memory = load.other_memory;
  for (const auto& [number, running] : running_) {
    const auto at = measured.find(number);
    const Cost& cost = running.task.cost;
    const TaskLoad* now = at == measured.end() ? nullptr : at->second;
    const bool is_measured = now != nullptr && now->age_s >= k_measured_from_s;
    usage.cores += is_measured ? now->cores + now->waiting : std::min(cost.cores, capacity_.cores);
    usage.memory += std::max(now == nullptr ? 0 : now->memory, cost.memory);
  }
  return usage;
}

std::vector<std::uint32_t> Planner::taken() const {
  std::vector<std::uint32_t> taken(capacity_.resources.size());
  for (const auto& [number, running] : running_) {
    for (const Need& need : running.task.needs) taken[need.resource] += need.weight;
  }
  return taken;
}

// One that needs more than there is at all gets all of it.
bool Planner::has_resources(const Task& task, const std::vector<std::uint32_t>& taken) const {
  return std::ranges::all_of(task.needs, [&](const Need& need) {
    const std::uint32_t all = capacity_.resources[need.resource];
    return taken[need.resource] + std::min(need.weight, all) <= all;
  });
}

Limit Planner::limit_of(const Task& task, const Usage& usage,
                        const std::vector<std::uint32_t>& taken) const {
  const bool somebody_is_alone = std::ranges::any_of(
      running_, [](const auto& running) { return running.second.task.is_alone; });
  if (somebody_is_alone || (task.is_alone && usage.count > 0)) return Limit::alone;
  if (capacity_.tasks_max != 0 && usage.count >= capacity_.tasks_max) return Limit::count;
  if (!has_resources(task, taken)) return Limit::resource;
  return strategy_->limit(task.cost, usage, capacity_);
}

double Planner::left_s(const Running& running, double now_s) const {
  const double age_s = now_s - running.started_s;
  const double left_s = running.task.cost.duration_s - age_s;
  return left_s > 0 ? left_s : std::max(k_overdue_s, k_overdue_share * age_s);
}

// When it fits, if all goes as predicted and nothing else is started.
double Planner::starts_in_s(const Task& task, const Load& load, const Usage& usage) const {
  std::vector<std::pair<double, const Running*>> ends;
  ends.reserve(running_.size());
  for (const auto& [number, running] : running_) {
    ends.emplace_back(left_s(running, load.now_s), &running);
  }
  std::ranges::sort(ends, {}, &std::pair<double, const Running*>::first);
  Usage then = usage;
  for (const auto& [in_s, running] : ends) {
    --then.count;
    const Cost& cost = running->task.cost;
    then.cores = std::max(0.0, then.cores - std::min(cost.cores, capacity_.cores));
    then.memory -= std::min(then.memory, cost.memory);
    if (task.is_alone ? then.count == 0
                      : strategy_->limit(task.cost, then, capacity_) == Limit::none) {
      return in_s;
    }
  }
  return ends.empty() ? 0 : ends.back().first;
}

void Planner::start(std::map<Rank, TaskNumber>::iterator at, const Load& load, Decision& decision,
                    std::vector<std::uint32_t>& taken) {
  const TaskNumber number = at->second;
  queue_.erase(at);
  auto node = tasks_.extract(number);
  Running running{std::move(node.mapped()), load.now_s};
  ++decision.usage.count;
  decision.usage.cores += std::min(running.task.cost.cores, capacity_.cores);
  decision.usage.memory += running.task.cost.memory;
  for (Need& need : running.task.needs) {
    need.weight = std::min(need.weight, capacity_.resources[need.resource]);
    taken[need.resource] += need.weight;
  }
  pace_ -= pace_of(running.task);
  running_.insert_or_assign(number, std::move(running));
  decision.starts.push_back(number);
}

bool Planner::is_short_of_memory(const Load& load) const {
  return strategy_->guards_memory() &&
         ((load.pressure && load.pressure->some > k_pressure_some_max) ||
          is_below(load, capacity_, k_available_stop));
}

// The youngest loses least.
void Planner::evict(const Load& load, Decision& decision) {
  if (!strategy_->guards_memory() || running_.size() < 2) return;
  const bool is_thrashing = load.pressure && load.pressure->full > k_pressure_full_max;
  if (!is_thrashing && !is_below(load, capacity_, k_available_evict)) return;
  const auto available = load.available.value_or(0);
  const bool gets_worse = available < evicted_at_ / 2;
  if (load.now_s - evicted_s_ < k_evict_every_s && !gets_worse) return;
  auto youngest = running_.end();
  for (auto at = running_.begin(); at != running_.end(); ++at) {
    if (!at->second.task.may_run_again) continue;
    if (youngest == running_.end() || at->second.started_s >= youngest->second.started_s) {
      youngest = at;
    }
  }
  if (youngest == running_.end()) return;
  evicted_s_ = load.now_s;
  evicted_at_ = available;
  decision.evictions.push_back(youngest->first);
}

Decision Planner::decide(const Load& load) {
  strategy_->observe(load, capacity_, last_limit_ == Limit::cpu);
  Decision decision;
  decision.usage = usage_of(load);
  decision.state = strategy_->state();
  evict(load, decision);
  const bool is_short = is_short_of_memory(load) || !decision.evictions.empty();
  gain_pace(load.now_s);
  std::vector<std::uint32_t> in_use = taken();
  std::vector<bool> is_reserved(capacity_.resources.size());
  std::optional<double> reserved_in_s;  // the first that waits is expected to start then
  std::size_t looks = 0;
  for (auto at = queue_.begin(); at != queue_.end() && looks < k_backfill_looks_max;) {
    const Task& task = tasks_.at(at->second);
    Limit limit = limit_of(task, decision.usage, in_use);
    if (limit == Limit::none && is_short && decision.usage.count > 0) limit = Limit::memory;
    if (limit == Limit::none && pace_ < pace_of(task)) limit = Limit::pace;
    const bool would_take_reserved = std::ranges::any_of(
        task.needs, [&](const Need& need) { return is_reserved[need.resource]; });
    const bool would_delay = reserved_in_s && task.cost.duration_s > *reserved_in_s;
    if (limit == Limit::none && (would_take_reserved || would_delay)) limit = Limit::reserved;
    if (limit == Limit::none) {
      start(at++, load, decision, in_use);
      continue;
    }
    if (!decision.waits) {
      decision.waits = at->second;
      decision.limit = limit;
    }
    if (limit == Limit::pace || is_short) break;
    if (limit == Limit::resource) {
      for (const Need& need : task.needs) is_reserved[need.resource] = true;
    } else if (limit != Limit::reserved && !reserved_in_s) {
      reserved_in_s = starts_in_s(task, load, decision.usage);
    }
    ++looks;
    ++at;
  }
  last_limit_ = decision.limit;
  return decision;
}

}  // namespace sluice::runner
