// Where go finds a package: the main modules around a directory, and the standard library.
//
// Reads go.work and go.mod files, never runs go, keeps no state: any thread. Modules of the module
// cache and `replace` targets are not looked for. Whatever cannot be read is not there. Source:
// https://go.dev/ref/mod#workspaces.
#pragma once

#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

struct MainModule {
  std::string path;  // "example.org/shop"
  sys::Path root;    // absolute: the directory of its go.mod
};

// The go.work that go would read here, where there is one.
std::optional<sys::Path> go_work_file(const sys::Environment& env,
                                      const sys::Path& working_directory);

// Those that go.work uses, else the one of the nearest go.mod; GOWORK is honoured.
std::vector<MainModule> main_modules(const sys::Environment& env,
                                     const sys::Path& working_directory);

// The nearest file of this name, in the directory or above it; no directory counts.
std::optional<sys::Path> find_upward(sys::Path directory, std::string_view name);

// The module path that a go.mod declares; empty when there is none that is plain.
std::string module_path_of(std::string_view go_mod);
// Its go directive, "1.24" or "1.24.1"; empty when there is none.
std::string go_version_of(std::string_view go_mod);

// The arguments of a directive of a go.mod or go.work file, line by line, alone or in a block and
// without comments: `use ./a`, `replace ( a => ./a … )`.
std::vector<std::string> directive_arguments(std::string_view text, std::string_view directive);

// What go calls Package.Dir and Package.Root.
struct PackagePlace {
  sys::Path directory;
  sys::Path root;
};

// The directory of a package that exists: in the main module with the longest matching path, else
// in GOROOT/src.
std::optional<PackagePlace> place_of_package(std::string_view import_path,
                                             const std::vector<MainModule>& modules,
                                             const sys::Path& goroot);

}  // namespace sluice::gotool
