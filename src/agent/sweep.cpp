#include "agent/sweep.hpp"

#include "base/deadline.hpp"
#include "sys/file.hpp"

#include <string>
#include <vector>

namespace sluice::agent {
namespace {

constexpr std::int64_t k_day_ns = std::int64_t{86400} * 1'000'000'000;
constexpr std::int64_t k_index_copy_age_ns = 30 * k_day_ns;

std::vector<std::string> older_than(const sys::Path& directory, std::int64_t age_ns) {
  std::vector<std::string> names;
  const UnixNanos limit = unix_now_ns() - age_ns;
  // A directory that cannot be listed keeps what it has.
  (void)sys::list_directory(directory, [&](std::string_view name) -> Result<void> {
    const auto info = sys::stat_file(directory / name, false);
    if (info && *info && (*info)->mtime_ns < limit) names.emplace_back(name);
    return {};
  });
  return names;
}

// An agent holds its lock while it lives; whoever starts meanwhile makes the file anew.
void remove_dead_agent(const sys::Path& lock) {
  const auto held = sys::FileLock::try_acquire(lock);
  if (!held || !*held) return;
  for (const char* ending :
       {".sock", ".log", ".given-up", ".same-path-refused", ".session", ".begun", ".lock"}) {
    sys::Path path = lock;
    (void)sys::remove_file(path.replace_extension(ending));  // the next sweep tries again
  }
}

void remove_all(const sys::Path& directory, std::int64_t age_ns) {
  for (const std::string& name : older_than(directory, age_ns)) {
    (void)sys::remove_tree(directory / name);  // the next sweep tries again
  }
}

}  // namespace

void sweep(const AgentConfig& config) {
  const sys::Path& runtime = config.runtime_directory;
  for (const std::string& name : older_than(runtime, k_day_ns)) {
    if (name.starts_with("report-") || name.starts_with("spill-")) {
      (void)sys::remove_tree(runtime / name);  // the next sweep tries again
    } else if (name.ends_with(".lock")) {
      remove_dead_agent(runtime / name);
    }
  }
  remove_all(config.staging_directory(), k_day_ns);
  remove_all(config.cache_directory / "index", k_index_copy_age_ns);
}

}  // namespace sluice::agent
