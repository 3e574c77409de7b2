#include "cli/isolated_job.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <random>
#include <utility>

namespace sluice::cli {
namespace {

constexpr std::string_view k_magic = "sluice isolated job 1";
constexpr std::uint64_t k_shared_file_max = 64U << 10U;
constexpr std::string_view k_jobs = "jobs";

sys::Path runtime_of(const sys::Path& runtime_directory, const std::string& id) {
  return runtime_directory / ("job-" + id);
}

std::string new_id() {
  std::random_device random;
  return fmt::format("{:08x}", random());
}

}  // namespace

Result<IsolatedJob> IsolatedJob::create(const agent::AgentConfig& outer) {
  const sys::Path jobs = outer.cache_directory / k_jobs;
  TRY(sys::make_private_directory(jobs));
  IsolatedJob job(jobs / new_id(), outer.domain, outer.local_tier);
  TRY(sys::make_private_directory(job.directory_));
  TRY_ASSIGN(auto lock, sys::FileLock::try_acquire(job.directory_ / "lock"));
  if (!lock) return fail(Code::conflict, job.directory_.native() + ": held by another job");
  job.lock_ = std::move(*lock);
  for (const sys::Path& directory : {job.temporary(), job.programs()}) {
    TRY(sys::make_private_directory(directory));
  }
  const std::string text =
      fmt::format("{}\n{}\n{}\n", k_magic, outer.domain, outer.local_tier.native());
  TRY(sys::write_file_atomic(job.directory_ / "shared", bytes_of(text), 0600));
  return job;
}

std::optional<IsolatedJob> IsolatedJob::around(const sys::Environment& env) {
  const sys::Path directory = env.get_or(k_isolated_variable, "");
  if (!directory.is_absolute()) return std::nullopt;
  const auto bytes = sys::read_file(directory / "shared", k_shared_file_max);
  if (!bytes || !*bytes) return std::nullopt;
  const auto lines = split(text_of(**bytes), '\n');
  if (lines.size() < 3 || lines[0] != k_magic) return std::nullopt;
  return IsolatedJob(directory, std::string(lines[1]), sys::Path(lines[2]));
}

void IsolatedJob::sweep(const sys::Path& cache_directory) {
  const sys::Path jobs = cache_directory / k_jobs;
  std::vector<sys::Path> ended;
  const auto listed = sys::list_directory(jobs, [&](std::string_view name) -> Result<void> {
    const sys::Path directory = jobs / name;
    // One without a lock is being made, or half removed: the next one looks again.
    const auto info = sys::stat_file(directory / "lock");
    if (!info || !*info) return {};
    const auto lock = sys::FileLock::try_acquire(directory / "lock");
    if (lock && *lock) ended.push_back(directory);
    return {};
  });
  (void)listed;  // nothing there
  for (const sys::Path& directory : ended) (void)sys::remove_tree(directory);
}

void IsolatedJob::apply(agent::AgentConfig& config) const {
  config.runtime_directory = runtime_of(config.runtime_directory, id());
  if (config.domain == domain_) {
    config.local_tier = local_tier();
    config.shared_tier = shared_tier_;
  } else {
    config.local_tier = directory_ / "domains" / config.domain / "go-build";
  }
}

void IsolatedJob::apply(sys::Environment& env) const {
  env.set(k_isolated_variable, directory_.native());
  env.set("TMPDIR", temporary().native());
  env.set("GOBIN", programs().native());
  env.set("PATH", fmt::format("{}:{}", programs().native(), env.get_or("PATH", "/usr/bin:/bin")));
  env.unset("GOTMPDIR");
}

void IsolatedJob::remove(const agent::AgentConfig& outer) const {
  (void)sys::remove_tree(runtime_of(outer.runtime_directory, id()));
  (void)sys::remove_tree(directory_);
}

}  // namespace sluice::cli
