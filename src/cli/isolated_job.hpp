// What an isolated job has for itself: a directory with its local tier, temporary files and
// programs, known to every sluice inside by one variable.
//
// <cache>/jobs/<id>/{lock,shared,go-build,tmp,bin}; agents of the job have their sockets in
// <runtime>/job-<id>. The lock is held by the `sluice job` around it: where it is free, that one
// has ended, and the directory is swept by the next. Values; create and sweep touch the file
// system, whose errors they give; any thread. docs/guide/isolation.md.
#pragma once

#include "agent/config.hpp"
#include "base/result.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sluice::cli {

inline constexpr std::string_view k_isolated_variable = "SLUICE_JOB";

class IsolatedJob {
 public:
  // A new one over this configuration's local tier, held until the object goes; its files stay.
  static Result<IsolatedJob> create(const agent::AgentConfig& outer);
  // The one that this process runs in; nothing where there is none, or its directory is gone.
  static std::optional<IsolatedJob> around(const sys::Environment& env);
  // Removes what jobs left that have ended without doing so. Best effort.
  static void sweep(const sys::Path& cache_directory);

  const sys::Path& directory() const { return directory_; }
  sys::Path local_tier() const { return directory_ / "go-build"; }
  sys::Path temporary() const { return directory_ / "tmp"; }
  sys::Path programs() const { return directory_ / "bin"; }
  const sys::Path& shared_tier() const { return shared_tier_; }
  std::string id() const { return directory_.filename().native(); }

  // The configuration of a command inside. Another trust domain than the job's has a tier of its
  // own in the same directory, over none.
  void apply(agent::AgentConfig& config) const;
  // The variables of a command inside.
  void apply(sys::Environment& env) const;
  void remove(const agent::AgentConfig& outer) const;

 private:
  IsolatedJob(sys::Path directory, std::string domain, sys::Path shared_tier)
      : directory_(std::move(directory)),
        domain_(std::move(domain)),
        shared_tier_(std::move(shared_tier)) {}

  sys::Path directory_;
  std::string domain_;
  sys::Path shared_tier_;
  std::optional<sys::FileLock> lock_;
};

}  // namespace sluice::cli
