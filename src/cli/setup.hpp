// From settings, environment and checkout to what a job needs: which go, which tier, which agent.
//
// set_up starts no process where files tell which go will run, reads no network and changes
// nothing. Values; any thread. Errors are those of the settings (Code::invalid); a missing go is no
// error here, because `env`, `gc` and `agent` do without.
#pragma once

#include "agent/config.hpp"
#include "agent/job.hpp"
#include "base/result.hpp"
#include "cli/settings.hpp"
#include "gotool/toolchain.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

struct Setup {
  Settings settings;
  sys::Path executable;  // of sluice, absolute
  sys::Path working_directory;
  gotool::GoCommand go;  // empty when go_error is not
  std::string go_error;  // why there is no go
  agent::Job job;
  agent::AgentConfig config;  // without command_id; no store_url with --no-remote
  // Inside a go command that sees its checkout at another path; config has the real ones.
  bool is_inside_same_path = false;
};

// The domain that uses go's own cache.
inline constexpr std::string_view k_trusted = agent::k_trusted_domain;

Result<Setup> set_up(const Flags& flags, const sys::Environment& env,
                     const sys::Path& working_directory,
                     OffSwitch off_switch = OffSwitch::respected);

// "/" where the directory is gone.
sys::Path current_directory();

// The value of GOCACHEPROG: this executable, the word cacheprog, and of the flags that were given
// those that `sluice cacheprog` takes.
std::string cacheprog_words(const Flags& flags, const sys::Path& executable);
// Whether such a value starts sluice, this one or another.
bool is_own_cacheprog(std::string_view value, const sys::Path& executable);

// What the user's command gets of the environment: no key that signs and, unless they are kept, no
// credentials of the store.
sys::Environment for_command(const Setup& setup, sys::Environment env);
// Their names.
std::vector<std::string_view> names_kept_back(const Setup& setup);

// The environment without a GOCACHE that is a store's URL, which go itself would refuse.
sys::Environment without_store_url(sys::Environment env);

}  // namespace sluice::cli
