#include "runner/schedule_log.hpp"

#include "base/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sluice::runner {
namespace {

constexpr double k_us_per_s = 1e6;
constexpr double k_milli = 1000;

std::uint64_t micros(double seconds) {
  return static_cast<std::uint64_t>(std::max(0.0, seconds) * k_us_per_s);
}
std::uint64_t millicores(double cores) {
  return static_cast<std::uint64_t>(std::lround(std::max(0.0, cores) * k_milli));
}
double seconds(std::uint64_t span_us) { return static_cast<double>(span_us) / k_us_per_s; }
double cores(std::uint64_t millicores) { return static_cast<double>(millicores) / k_milli; }

}  // namespace

void ScheduleLog::came(TaskNumber number, const Task& task, double now_s) {
  waiting_[number] = Waiting{task, now_s, Limit::none};
}

void ScheduleLog::note_wait() {
  if (!last_.waits || last_.limit == Limit::none) return;
  const auto at = waiting_.find(*last_.waits);
  if (at != waiting_.end()) at->second.limit = last_.limit;
}

journal::Scheduled ScheduleLog::started(TaskNumber number, double now_s) const {
  return about(number, journal::Schedule::started, now_s);
}

journal::Scheduled ScheduleLog::evicted(TaskNumber number, double now_s) const {
  return about(number, journal::Schedule::evicted, now_s);
}

journal::Scheduled ScheduleLog::about(TaskNumber number, journal::Schedule what,
                                      double now_s) const {
  journal::Scheduled scheduled;
  scheduled.what = what;
  scheduled.after_us = micros(now_s);
  scheduled.running = last_.usage.count;
  scheduled.millicores = millicores(last_.usage.cores);
  scheduled.memory = last_.usage.memory;
  scheduled.state = last_.state;
  const auto at = waiting_.find(number);
  if (at == waiting_.end()) return scheduled;
  const Waiting& waiting = at->second;
  scheduled.package = waiting.task.name;
  scheduled.waited_us = micros(now_s - waiting.since_s);
  scheduled.held_by = std::string(waiting.limit == Limit::none ? "" : name_of(waiting.limit));
  scheduled.is_known = waiting.task.is_known ? 1 : 0;
  scheduled.expected_us = micros(waiting.task.cost.duration_s);
  scheduled.expected_millicores = millicores(waiting.task.cost.cores);
  scheduled.expected_memory = waiting.task.cost.memory;
  return scheduled;
}

std::string words_of(const journal::Scheduled& scheduled) {
  const bool is_start = scheduled.what == journal::Schedule::started;
  std::string line = fmt::format("{:.2f} s: {} {} (", seconds(scheduled.after_us),
                                 is_start ? "start" : "end for want of memory", scheduled.package);
  line += scheduled.is_known != 0
              ? fmt::format("expected {:.2f} s, {:.2f} cores, {}", seconds(scheduled.expected_us),
                            cores(scheduled.expected_millicores),
                            format_size(scheduled.expected_memory))
              : std::string("not run before");
  line += fmt::format("); {} {}: {:.2f} cores, {}", scheduled.running,
                      scheduled.running == 1 ? "runs" : "run", cores(scheduled.millicores),
                      format_size(scheduled.memory));
  constexpr std::uint64_t k_worth_saying_us = 50'000;
  if (is_start && scheduled.waited_us >= k_worth_saying_us) {
    line += fmt::format("; waited {:.2f} s for {}", seconds(scheduled.waited_us),
                        scheduled.held_by.empty() ? "its turn" : scheduled.held_by);
  }
  if (!scheduled.state.empty()) line += "; " + scheduled.state;
  return line;
}

}  // namespace sluice::runner
