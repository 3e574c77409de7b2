#include "sys/load.hpp"

#include "base/strings.hpp"
#include "sys/file.hpp"

#include <unistd.h>

#include <ctime>

namespace sluice::sys {

namespace {

constexpr std::size_t k_proc_text_max = 1U << 20U;  // /proc/stat grows with the processors

std::string read_proc(const Path& path) {
  const auto bytes = read_file(path, k_proc_text_max);
  return bytes && *bytes ? std::string(text_of(**bytes)) : std::string();
}

}  // namespace

std::optional<unsigned> runnable_tasks(std::string_view loadavg) {
  const std::vector<std::string_view> words = split(loadavg, ' ');
  if (words.size() < 5) return std::nullopt;
  return parse_int<unsigned>(words[3].substr(0, words[3].find('/')));
}

bool has_idle_processor() {
  const std::string loadavg = read_proc("/proc/loadavg");
  const auto runnable = runnable_tasks(loadavg);
  const long processors = ::sysconf(_SC_NPROCESSORS_ONLN);
  return !runnable || processors < 1 || static_cast<long>(*runnable) <= processors;
}

std::optional<MemoryStalls> memory_stalls(std::string_view pressure) {
  // "some avg10=0.00 avg60=0.00 avg300=0.00 total=12345"
  const auto total_of = [&](std::string_view kind) -> std::optional<std::chrono::microseconds> {
    constexpr std::string_view k_total = " total=";
    for (const std::string_view line : split(pressure, '\n')) {
      const std::size_t at = line.find(k_total);
      if (!line.starts_with(kind) || at == std::string_view::npos) continue;
      const auto total = parse_int<std::int64_t>(line.substr(at + k_total.size()));
      if (total) return std::chrono::microseconds(*total);
    }
    return std::nullopt;
  };
  const auto some = total_of("some ");
  const auto full = total_of("full ");
  if (!some || !full) return std::nullopt;
  return MemoryStalls{*some, *full};
}

std::optional<MemoryStalls> memory_stalls() {
  return memory_stalls(read_proc("/proc/pressure/memory"));
}

std::optional<MachineMemory> machine_memory(std::string_view meminfo) {
  // "MemAvailable:    3945400 kB"
  const auto bytes_of = [&](std::string_view name) -> std::optional<std::uint64_t> {
    constexpr std::string_view k_unit = " kB";
    for (std::string_view line : split(meminfo, '\n')) {
      if (!line.starts_with(name) || !line.ends_with(k_unit)) continue;
      line = line.substr(name.size(), line.size() - name.size() - k_unit.size());
      const auto kibibytes = parse_int<std::uint64_t>(trim(line));
      if (kibibytes) return *kibibytes << 10U;
    }
    return std::nullopt;
  };
  const auto available = bytes_of("MemAvailable:");
  const auto total = bytes_of("MemTotal:");
  if (!available || !total) return std::nullopt;
  return MachineMemory{*available, *total};
}

std::optional<MachineMemory> machine_memory() { return machine_memory(read_proc("/proc/meminfo")); }

std::optional<ProcessorTimes> processor_times(std::string_view stat) {
  // "cpu  user nice system idle iowait irq softirq steal guest guest_nice"; the last two are part
  // of the first two.
  enum Field : std::size_t { k_idle = 3, k_waiting = 4, k_steal = 7, k_counted = 8 };
  constexpr std::string_view k_begin = "cpu  ";
  if (!stat.starts_with(k_begin)) return std::nullopt;
  const std::string_view line = stat.substr(0, stat.find('\n')).substr(k_begin.size());
  const auto fields = split(line, ' ');
  if (fields.size() < k_counted) return std::nullopt;
  ProcessorTimes times;
  for (std::size_t field = 0; field < k_counted; ++field) {
    const auto value = parse_int<std::uint64_t>(fields[field]);
    if (!value) return std::nullopt;
    times.all += *value;
    if (field == k_steal) {
      times.stolen = *value;
    } else if (field != k_idle && field != k_waiting) {
      times.busy += *value;
    }
  }
  return times;
}

std::optional<ProcessorTimes> processor_times() { return processor_times(read_proc("/proc/stat")); }

std::chrono::nanoseconds thread_cpu_time() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

}  // namespace sluice::sys
