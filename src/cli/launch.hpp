// Runs one command of the user with the cache behind it: what `go` and `run` have in common.
//
// Owns the child process while it runs; called once, from the main thread. The command's status is
// the result; nothing that goes wrong with the cache changes it. The steps are in launch_job.
#pragma once

#include "agent/config.hpp"
#include "base/result.hpp"
#include "cli/setup.hpp"
#include "cli/summary.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::cli {

// As a shell does.
inline constexpr int k_exit_not_found = 127;
inline constexpr int k_exit_not_executable = 126;
inline constexpr auto k_restore_max = std::chrono::minutes(5);

struct Command {
  sys::Path program;
  std::vector<std::string> arguments;  // argv, [0] included
  bool is_go = false;                  // so its words are known
};

// Says why a command could not be started; the exit status for that.
int report_not_started(const Error& error);
// What `asking` (run, job) was given to start, found as a shell would.
Result<sys::Path> find_program(std::string_view asking, const std::string& name,
                               const sys::Environment& env);

// Replaces this process by the command, with nothing of sluice added.
int execute(const Command& command, const sys::Environment& env);

// How go reaches the cache, with what has to be said about it.
struct ModeChoice {
  bool restore = false;
  std::string note;  // empty: nothing to say
};
// `wants_executables`: the command is `go run` or `go tool`.
ModeChoice choose_mode(Mode mode, const gotool::GoCommand& go, bool wants_executables);

// Whether the command waits for uploads.
bool waits_for_uploads(Drain drain, const agent::Job& job, bool in_container);

// The user's own cache program, when there is one and it is not sluice.
std::optional<std::string> foreign_cacheprog(const Setup& setup, const sys::Environment& env);

using Variables = std::vector<std::pair<std::string, std::string>>;

// What makes go commands use the cache, and a sluice among them resolve the same settings;
// `session` is the value of SLUICE_SESSION. With `restore` go finds everything in GOCACHE.
Variables job_variables(const Setup& setup, const Flags& flags, bool restore,
                        std::string_view session);

// The environment of the command: the variables of the cache, and the settings for a sluice inside
// it.
sys::Environment job_environment(const Setup& setup, const Flags& flags,
                                 const sys::Environment& env, bool restore);

// Puts sluice before go's tools, for the link cache: GOFLAGS of `job`. Returns what has to be said;
// empty when all is well, also where the command is better left alone.
std::string add_toolexec(const Setup& setup, const Command& command, sys::Environment& job);

// Starts the agent, runs the command, collects what happened, says it. Returns the command's
// status; ends this process by the signal that ended the command.
int launch_job(Setup& setup, const Flags& flags, const sys::Environment& env,
               const Command& command, bool restore);

}  // namespace sluice::cli
