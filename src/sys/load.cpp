#include "sys/load.hpp"

#include "base/strings.hpp"
#include "sys/file.hpp"

#include <unistd.h>

#include <ctime>

namespace sluice::sys {

namespace {

constexpr std::size_t k_proc_text_max = 4096;

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

std::chrono::nanoseconds thread_cpu_time() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

}  // namespace sluice::sys
