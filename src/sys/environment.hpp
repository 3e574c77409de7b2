// What the process was given: environment, the user's directories, its own executable, its machine.
//
// Environment is a copy that may be read and changed freely by its owner, one thread at a time
// while it changes; the process's real environment is never changed (setenv is not thread-safe).
// Functions keep no state: any thread. The one error is own_executable's, where a system hides the
// answer.
#pragma once

#include "base/result.hpp"
#include "sys/file.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::sys {

class Environment {
 public:
  Environment() = default;
  static Environment of_process();

  // The value, nothing when unset. An empty value is a value.
  std::optional<std::string> get(std::string_view name) const;
  // The fallback when unset or empty.
  std::string get_or(std::string_view name, std::string_view fallback) const;
  bool has(std::string_view name) const;  // set and not empty
  void set(std::string_view name, std::string_view value);
  void unset(std::string_view name);
  std::vector<std::string> as_list() const;  // "NAME=value", for spawn

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

// Overwrites the values of these variables in this process's own memory, where others of this user
// could read them (/proc/PID/environ). Copies that were made before keep them. From the only
// thread.
void forget_variables(const std::vector<std::string_view>& names);

Path home_directory(const Environment& env);         // $HOME, else "/"
Path user_cache_directory(const Environment& env);   // $XDG_CACHE_HOME or ~/.cache
Path user_config_directory(const Environment& env);  // $XDG_CONFIG_HOME or ~/.config
// $XDG_RUNTIME_DIR/sluice when that is a directory of this user, else /tmp/sluice-<uid> whatever
// TMPDIR says, so that all processes of a job agree; not created here.
Path runtime_directory(const Environment& env);
Result<Path> own_executable();  // absolute path of this program
// The executable file that `name` means for this PATH; nothing when there is none. A name with '/'
// is itself, unchecked: starting it gives the exact reason.
std::optional<Path> find_in_path(std::string_view name, const Environment& env);

// True in Docker, Podman, Kubernetes and other containers that end with their command.
// The second form looks at another environment and file tree.
bool in_container();
bool in_container(const Environment& env, const Path& root);
std::uint32_t effective_user();
std::uint32_t file_mode_mask();  // the umask, from /proc; 022 where that cannot be read
std::string host_name();         // empty where the system has none

}  // namespace sluice::sys
