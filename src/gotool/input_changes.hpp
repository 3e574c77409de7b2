// What differs between two builds of a package: two texts of its inputs (gotool/action_text.hpp),
// compared fact by fact.
//
// Pure functions: any thread. Any text is read; a line that no release writes is a fact of its own
// (`other`), so two texts that differ never give an empty list.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

// In the order of a list of changes: what explains most, first.
enum class InputKind {
  compiler,      // "compile": the version, or the build ID of one that is no release
  tool,          // "asm", "cgo", "cover": likewise, where the compiler is the same
  experiment,    // GOEXPERIMENT
  platform,      // GOOS, GOARCH
  architecture,  // GOAMD64 and the like
  race,          // -race, -msan, -asan: "true" where it is on
  msan,
  asan,
  build_mode,      // -shared, -dynlink, -linkshared
  gc_flags,        // -gcflags, as one line
  asm_flags,       // -asmflags
  trimpath,        // -trimpath
  cover,           // -covermode
  fuzz,            // -fuzz
  cgo,             // "cgo": whether the package has cgo files
  c_compiler,      // CC, CXX, FC and "CC version" and so on
  c_flags,         // CGO_CPPFLAGS, CGO_CFLAGS, CGO_CXXFLAGS, CGO_FFLAGS, CGO_LDFLAGS and #cgo
  magic,           // GOSSAFUNC and the other variables for Go's own developers
  import_path,     // the package is another one
  package_mode,    // omitdebug, standard, local, prefix, forcelibrary
  directory,       // the directory of the package, part of the key without -trimpath
  module_version,  // module path and version, with -trimpath
  go_directive,    // the `go` line of go.mod
  main_module,     // a program's: its module and version as `go version -m` shows them
  dependency,      // a program's: a module by its path, "v1.2.3 => other v1.0.0"
  build_setting,   // a program's: -ldflags, -tags, CGO_CFLAGS, DefaultGODEBUG …
  vcs,             // a program's: vcs.revision, vcs.time, vcs.modified
  build_info,      // a program's: what else is there, by its first word
  file,            // by name; before and after are short hashes
  import,          // a package by its path; content IDs
  profile,         // the profile of -pgo
  other,           // a line that is not known, or the order of lines
};

struct InputChange {
  InputKind kind;
  std::string name;
  std::optional<std::string> before;  // nothing: it was not there, it is new
  std::optional<std::string> after;   // nothing: it is gone
  bool operator==(const InputChange&) const = default;
};

// Empty exactly when the texts are the same.
std::vector<InputChange> input_changes(std::string_view before, std::string_view after);

std::string_view name_of(InputKind kind);  // "go_directive", for JSON

}  // namespace sluice::gotool
