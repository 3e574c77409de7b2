// The module that a package belongs to, and the go directive of it, as the go command sees them.
//
// Reads go.mod, go.work and vendor/modules.txt files; never runs go, keeps no state: any thread.
// What cannot be read is not there. Where files cannot tell (-modfile), there are several answers,
// the likeliest first: the proof of the ActionID chooses.
#pragma once

#include "gotool/compile_command.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

// For a package of no module (of the standard library, of files named on a command line) the first
// answer is `std::nullopt`.
struct ModuleOrigin {
  std::vector<std::optional<std::string>> go_versions;  // "1.24", empty: no directive
  std::vector<std::optional<std::string>> modules;      // "path@version" for -trimpath
};

// `directory`: of the package; below $WORK for the main package of a test.
ModuleOrigin find_module_origin(const CompileCommand& command, std::string_view import_path,
                                const sys::Path& directory, const sys::Environment& env,
                                const sys::Path& working_directory);

// Of a vendor/modules.txt: the go directive of the module that this package is of; nothing when the
// package is not listed.
std::optional<std::string> go_version_in_vendor(std::string_view modules_txt,
                                                std::string_view import_path);

}  // namespace sluice::gotool
