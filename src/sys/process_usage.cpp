#include "sys/process_usage.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <string>

namespace sluice::sys {
namespace {

constexpr std::uint64_t k_proc_file_max = 64U << 10U;
constexpr int k_depth_max = 1000;  // parents may change while /proc is read

// Fields behind the name, counted from the state (proc(5) calls that the third).
enum Field : std::size_t {
  k_parent = 1,
  k_group = 2,
  k_user = 11,
  k_system = 12,
  k_children_user = 13,
  k_children_system = 14,
  k_resident = 21,
  k_fields_min = 22,
};

std::string text_at(const std::string& file) {
  const auto bytes = read_file(file, k_proc_file_max);
  return bytes && *bytes ? std::string(text_of(**bytes)) : std::string();
}

std::chrono::nanoseconds clock_tick() {
  constexpr long k_usual = 100;
  const long by_second = ::sysconf(_SC_CLK_TCK);
  return std::chrono::nanoseconds(std::chrono::seconds(1)) / (by_second > 0 ? by_second : k_usual);
}

std::uint64_t page_size() {
  constexpr long k_usual = 4096;
  const long size = ::sysconf(_SC_PAGESIZE);
  return static_cast<std::uint64_t>(size > 0 ? size : k_usual);
}

}  // namespace

std::optional<ProcessUsage> parse_process_stat(std::string_view text, std::chrono::nanoseconds tick,
                                               std::uint64_t page_size) {
  // "pid (name) state ppid …"; the name may have anything in it.
  const std::size_t open = text.find(" (");
  const std::size_t close = text.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos) return std::nullopt;
  const auto fields = split(trim(text.substr(close + 2)), ' ');
  if (fields.size() < k_fields_min) return std::nullopt;
  const auto pid = parse_int<pid_t>(text.substr(0, open));
  const auto parent = parse_int<pid_t>(fields[k_parent]);
  const auto group = parse_int<pid_t>(fields[k_group]);
  const auto resident = parse_int<std::int64_t>(fields[k_resident]);
  if (!pid || !parent || !group || !resident || *resident < 0) return std::nullopt;
  std::int64_t ticks = 0;
  for (const Field field : {k_user, k_system, k_children_user, k_children_system}) {
    const auto part = parse_int<std::int64_t>(fields[field]);
    if (!part) return std::nullopt;
    ticks += *part;
  }
  return ProcessUsage{*pid, *parent, *group, tick * ticks,
                      static_cast<std::uint64_t>(*resident) * page_size};
}

std::chrono::nanoseconds waited_for_cpu(pid_t pid) {
  std::chrono::nanoseconds waited{0};
  const std::string tasks = fmt::format("/proc/{}/task", pid);
  const auto listed = list_directory(tasks, [&](std::string_view thread) -> Result<void> {
    // "time on the CPU, time waiting for it, slices", in nanoseconds
    const std::string text = text_at(fmt::format("{}/{}/schedstat", tasks, thread));
    const auto fields = split(trim(std::string_view(text)), ' ');
    const auto one = fields.size() > 1 ? parse_int<std::int64_t>(fields[1]) : std::nullopt;
    waited += std::chrono::nanoseconds(one.value_or(0));
    return {};
  });
  (void)listed;  // it has ended
  return waited;
}

std::map<pid_t, ProcessUsage> process_usages() {
  std::map<pid_t, ProcessUsage> all;
  const std::chrono::nanoseconds tick = clock_tick();
  const std::uint64_t page = page_size();
  const auto listed = list_directory("/proc", [&](std::string_view name) -> Result<void> {
    const auto pid = parse_int<pid_t>(name);
    if (!pid) return {};
    const auto one = parse_process_stat(text_at(fmt::format("/proc/{}/stat", *pid)), tick, page);
    if (one) all.emplace(*pid, *one);
    return {};
  });
  (void)listed;  // without /proc nothing is known
  return all;
}

std::map<pid_t, std::vector<pid_t>> processes_below(const std::vector<pid_t>& roots,
                                                    const std::map<pid_t, ProcessUsage>& all) {
  std::map<pid_t, std::vector<pid_t>> below;
  const auto is_root = [&](pid_t pid) { return std::ranges::find(roots, pid) != roots.end(); };
  for (const auto& [pid, usage] : all) {
    pid_t at = pid;
    for (int depth = 0; depth < k_depth_max && !is_root(at); ++depth) {
      const auto found = all.find(at);
      if (found == all.end() || found->second.parent == at) break;
      at = found->second.parent;
    }
    if (!is_root(at)) at = usage.group;
    if (is_root(at)) below[at].push_back(pid);
  }
  return below;
}

}  // namespace sluice::sys
