#include "runner/load_meter.hpp"

#include <sched.h>

#include <algorithm>
#include <utility>

namespace sluice::runner {
namespace {

// A moment shorter than this says nothing: CPU time is counted in hundredths of a second.
constexpr double k_span_min_s = 0.05;

double seconds(std::chrono::nanoseconds span) {
  return std::chrono::duration<double>(span).count();
}

double processors_allowed() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

// What is older than the window goes, but for one: a rate needs where it began.
template <class Points, class At>
void keep_window(Points& points, double now_s, At at) {
  while (points.size() > 1 && now_s - at(points[1]) >= k_load_window_s) points.pop_front();
}

}  // namespace

Capacity machine_capacity(const sys::Cgroups& cgroups) {
  Capacity capacity;
  capacity.cores = processors_allowed();
  if (const auto quota = cgroups.cpu_quota()) capacity.cores = std::min(capacity.cores, *quota);
  if (const auto memory = sys::machine_memory()) capacity.memory = memory->total;
  const auto group = cgroups.memory();
  if (group && (capacity.memory == 0 || group->limit < capacity.memory)) {
    capacity.memory = group->limit;
  }
  return capacity;
}

MachineReading read_machine(const sys::Cgroups& cgroups, double now_s,
                            const std::vector<pid_t>& roots) {
  MachineReading reading;
  reading.now_s = now_s;
  reading.processes = sys::process_usages();
  for (const auto& [root, members] : sys::processes_below(roots, reading.processes)) {
    for (const pid_t member : members) reading.waited[member] = sys::waited_for_cpu(member);
  }
  reading.stalls = sys::memory_stalls();
  reading.memory = sys::machine_memory();
  reading.group_memory = cgroups.memory();
  reading.processors = sys::processor_times();
  reading.throttled_count = cgroups.throttled_count();
  return reading;
}

void LoadMeter::started(TaskNumber task, pid_t root, double now_s) {
  tasks_[task] = Tree{root, now_s, {Point{now_s, 0, 0}}};
}

double LoadMeter::waited_s(TaskNumber task) const {
  const auto at = tasks_.find(task);
  return at == tasks_.end() ? 0 : at->second.points.back().waited_s;
}

void LoadMeter::ended(TaskNumber task) { tasks_.erase(task); }

void LoadMeter::other_started(pid_t root, double now_s) {
  others_[root] = Tree{root, now_s, {Point{now_s, 0, 0}}};
}

void LoadMeter::other_ended(pid_t root) { others_.erase(root); }

std::vector<pid_t> LoadMeter::roots() const {
  std::vector<pid_t> roots;
  for (const auto& [task, tree] : tasks_) roots.push_back(tree.root);
  for (const auto& [root, tree] : others_) roots.push_back(root);
  return roots;
}

LoadMeter::Rates LoadMeter::rates_of(Tree& tree, const MachineReading& reading,
                                     const std::vector<pid_t>& members) {
  Rates rates;
  Point now{reading.now_s, 0, 0};
  for (const pid_t member : members) {
    const auto usage = reading.processes.find(member);
    if (usage == reading.processes.end()) continue;
    now.cpu_s += seconds(usage->second.cpu);
    rates.memory += usage->second.memory;
    const auto waited = reading.waited.find(member);
    if (waited != reading.waited.end()) now.waited_s += seconds(waited->second);
  }
  // A process that ends elsewhere takes what it had counted with it.
  now.cpu_s = std::max(now.cpu_s, tree.points.back().cpu_s);
  now.waited_s = std::max(now.waited_s, tree.points.back().waited_s);
  tree.points.push_back(now);
  keep_window(tree.points, reading.now_s, [](const Point& point) { return point.at_s; });
  const Point& first = tree.points.front();
  const double span_s = now.at_s - first.at_s;
  if (span_s < k_span_min_s) return rates;
  rates.cores = (now.cpu_s - first.cpu_s) / span_s;
  rates.waiting = (now.waited_s - first.waited_s) / span_s;
  return rates;
}

void LoadMeter::add_machine(Load& load, const MachineReading& reading) {
  if (reading.memory) load.available = reading.memory->available;
  if (reading.group_memory) {
    const sys::CgroupMemory& group = *reading.group_memory;
    const std::uint64_t left = group.limit - std::min(group.limit, group.used);
    load.available = std::min(load.available.value_or(left), left);
  }
  MachineReading kept = reading;
  kept.processes.clear();
  kept.waited.clear();
  before_.push_back(std::move(kept));
  keep_window(before_, reading.now_s, [](const MachineReading& one) { return one.now_s; });
  const MachineReading& first = before_.front();
  const double span_s = reading.now_s - first.now_s;
  if (span_s < k_span_min_s) return;
  load.is_throttled = reading.throttled_count > first.throttled_count;
  if (reading.stalls && first.stalls) {
    load.pressure = MemoryPressure{seconds(reading.stalls->some - first.stalls->some) / span_s,
                                   seconds(reading.stalls->full - first.stalls->full) / span_s};
  }
  if (reading.processors && first.processors && reading.processors->all > first.processors->all) {
    const auto share = [&](std::uint64_t now, std::uint64_t then) {
      return static_cast<double>(now - std::min(now, then)) /
             static_cast<double>(reading.processors->all - first.processors->all);
    };
    load.cpu_share = share(reading.processors->busy, first.processors->busy);
    load.steal = share(reading.processors->stolen, first.processors->stolen);
  }
}

Load LoadMeter::load(const MachineReading& reading) {
  Load load;
  load.now_s = reading.now_s;
  const auto below = sys::processes_below(roots(), reading.processes);
  const auto members_of = [&](pid_t root) {
    const auto found = below.find(root);
    return found == below.end() ? std::vector<pid_t>() : found->second;
  };
  for (auto& [number, tree] : tasks_) {
    const Rates rates = rates_of(tree, reading, members_of(tree.root));
    load.running.push_back(
        {number, reading.now_s - tree.started_s, rates.cores, rates.waiting, rates.memory});
  }
  for (auto& [root, tree] : others_) {
    const Rates rates = rates_of(tree, reading, members_of(root));
    load.other_cores += rates.cores;
    load.other_memory += rates.memory;
  }
  add_machine(load, reading);
  return load;
}

}  // namespace sluice::runner
