// Which tests start now: longest first, unknown ones before, within what the machine, the named
// resources and the strategy allow.
//
// Pure: told what is ready, what runs and what the machine does, it answers which tasks start and
// which are ended to free memory. The same calls give the same answers, so a schedule can be
// replayed and simulated. One thread. Whoever calls it starts and ends processes, and must start
// what it is told to (a task that could not be started has ended).
//
// A task that does not fit yet keeps its place: what comes behind it may start before it only
// where that is expected to have ended by the time it can start (backfilling), and never with a
// resource that it waits for.
#pragma once

#include "runner/load.hpp"
#include "runner/strategy.hpp"
#include "runner/task.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace sluice::runner {

inline constexpr std::size_t k_backfill_looks_max = 256;

struct Decision {
  std::vector<TaskNumber> starts;
  std::vector<TaskNumber> evictions;  // to be ended and added again: no failure of theirs
  Usage usage;                        // with those that start
  Limit limit = Limit::none;          // what keeps the first that waits
  std::optional<TaskNumber> waits;    // that one
  std::string state;                  // the strategy's
};

class Planner {
 public:
  Planner(Capacity capacity, std::unique_ptr<Strategy> strategy);

  const Capacity& capacity() const { return capacity_; }

  void add(TaskNumber number, Task task);  // it may start from now on
  void ended(TaskNumber number);           // one that was started
  Decision decide(const Load& load);

  std::size_t waiting() const { return queue_.size(); }
  std::size_t running() const { return running_.size(); }

 private:
  struct Rank {
    bool is_last = false;
    bool is_known = false;
    double duration_s = 0;
    std::uint64_t order = 0;

    bool operator<(const Rank& other) const;
  };
  struct Running {
    Task task;
    double started_s = 0;
  };
  Rank rank_of(const Task& task) const;
  Usage usage_of(const Load& load) const;
  std::vector<std::uint32_t> taken() const;
  bool has_resources(const Task& task, const std::vector<std::uint32_t>& taken) const;
  Limit limit_of(const Task& task, const Usage& usage,
                 const std::vector<std::uint32_t>& taken) const;
  double starts_in_s(const Task& task, const Load& load, const Usage& usage) const;
  double left_s(const Running& running, double now_s) const;
  void start(std::map<Rank, TaskNumber>::iterator at, const Load& load, Decision& decision,
             std::vector<std::uint32_t>& taken);
  void gain_pace(double now_s);
  bool is_short_of_memory(const Load& load) const;
  void evict(const Load& load, Decision& decision);

  Capacity capacity_;
  const std::unique_ptr<Strategy> strategy_;
  std::map<Rank, TaskNumber> queue_;
  std::unordered_map<TaskNumber, Task> tasks_;  // of the queue
  std::map<TaskNumber, Running> running_;
  std::uint64_t added_ = 0;
  Limit last_limit_ = Limit::none;
  std::optional<double> decided_s_;
  double evicted_s_;
  std::uint64_t evicted_at_ = 0;  // what was available then
  double pace_ = 0;  // how many may be started now; one that has ended makes room for another
};

}  // namespace sluice::runner
