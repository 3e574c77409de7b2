// What `sluice ci begin` leaves for `sluice ci end` and for the go commands between them, which may
// have another environment: two files beside the agent's socket.
//
// Values and small files, 0600; main thread. Errors are those of the file system. Format:
// docs/formats/agent-socket.md, "A job that was begun".
#pragma once

#include "agent/config.hpp"
#include "agent/job.hpp"
#include "agent/messages.hpp"
#include "base/deadline.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::cli {

struct BegunJob {
  agent::AgentConfig config;  // as begin resolved it
  UnixNanos began_ns = 0;
  bool restore = false;  // what is new in the local tier at the end was made by the job
  std::uint64_t restored = 0;
  std::optional<agent::ModulesAsked> modules;  // whose modules are kept at the end
};

std::string encode(const BegunJob& job);
Result<BegunJob> decode_begun_job(std::string_view text);

// Writes both files. The value of SLUICE_SESSION for the job.
Result<std::string> leave_begun_job(const BegunJob& job);
// The one that begin has left with the same configuration.
std::optional<BegunJob> begun_job(const agent::AgentConfig& config);
// Those of one CI job, which may have begun in several modules, by when they began; what cannot be
// read is passed over. The job may be one that ends where its id is not known (agent/job.hpp): the
// last one that began is meant then.
std::vector<BegunJob> begun_jobs(const sys::Path& runtime_directory, const agent::Job& job);
void forget_begun_job(const BegunJob& job);

}  // namespace sluice::cli
