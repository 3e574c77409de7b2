// Which go will run and what it will believe: toolchain selection and `go env`, without starting
// go.
//
// Reads PATH, GOTOOLCHAIN, the `go env -w` file, GOROOT/go.env and go.mod or go.work as go's own
// toolchain selection does (https://go.dev/doc/toolchain#select); only where the files cannot tell
// (a wrapper script for go) is `go env` run, bounded in time. Keeps no state: any thread. Errors:
// Code::not_found when there is no go in PATH, Code::conflict when it is a script that starts
// sluice.
#pragma once

#include "base/result.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

struct GoCommand {
  sys::Path path;       // what to start: the go of PATH; it switches to another toolchain by itself
  sys::Path goroot;     // of the toolchain that will do the work
  std::string version;  // of that toolchain, "go1.26.8"; empty when unknown
  int minor = 0;        // 26; 0 when unknown
  // True when version and goroot are known; false when the toolchain has to be downloaded first
  // (goroot is where it will be) or its answer could not be had.
  bool exact = false;
  bool is_script = false;  // path is no executable of a GOROOT but stands before one
};

// Set for a go that is only asked for its version. A sluice that finds it and cannot tell PATH's go
// either was started by that go: it says so on its standard output, which the asking one reads.
inline constexpr std::string_view k_asking_variable = "SLUICE_ASKS_GO";
inline constexpr std::string_view k_starts_sluice =
    "PATH's go is a script that starts sluice; put the real go first in PATH";

// The version that a GOROOT says it has, "go1.26.8"; empty when it says none.
std::string version_in(const sys::Path& goroot);

Result<GoCommand> detect_go(const sys::Environment& env, const sys::Path& working_directory);

// The effective value of a go setting: environment, then the `go env -w` file, then GOROOT/go.env.
// Nothing when no place sets it (go's built-in default holds).
std::optional<std::string> go_env_value(const sys::Environment& env, std::string_view name,
                                        const GoCommand& go);
// What `go env -w` wrote for this name, whatever the environment says.
std::optional<std::string> go_env_written(const sys::Environment& env, std::string_view name);

// GOCACHE as go would use it; a value that is no absolute path (a store's URL, "off") is passed
// over.
sys::Path default_gocache(const sys::Environment& env, const GoCommand& go);
sys::Path module_cache(const sys::Environment& env, const GoCommand& go);  // GOMODCACHE

// What a go command line asks for.
struct GoWords {
  std::string subcommand;        // empty when there is none
  std::string change_directory;  // the value of -C, else empty
  bool is_work = false;  // it uses the build cache; false for version, env, help, fmt, mod …
  bool fetches_modules = false;    // it may ask for modules that go.sum does not name
  bool wants_executables = false;  // run and tool: Go caches their binaries on disk only
};

// `words` are those after "go".
GoWords parse_go_words(const std::vector<std::string>& words);

}  // namespace sluice::gotool
