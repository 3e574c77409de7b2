// Whether a go command may see its checkout and its module cache at constant paths, and why not.
//
// Go names every package outside GOROOT by its absolute directory, so another clone shares nothing
// unless both are shown at one path (docs/decisions/same-path.md). These functions decide from what
// they are given: pure, any thread. They refuse whatever names a place that would not be shown, and
// whatever would carry the constant path to where it means nothing. An answer is a reason in words
// for people, or nothing when all is well. Source: go help build, test, vet;
// https://go.dev/ref/mod.
#pragma once

#include "gotool/checkout_tree.hpp"
#include "sys/file.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

// Below this the checkout is shown as "src", the module cache as "mod". /srv is there on every
// distribution, and nearly always empty.
inline constexpr std::string_view k_same_path_root = "/srv/sluice";
inline constexpr std::string_view k_same_path_checkout = "src";
inline constexpr std::string_view k_same_path_modules = "mod";

enum class SamePathUse {
  passing,  // what nobody keeps: test, vet, and builds whose output is discarded
  all,      // also what is written with -o or installed
};

// The settings of go that the decision reads.
inline constexpr std::string_view k_same_path_settings[] = {
    "AR",          "CC",  "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_ENABLED", "CGO_FFLAGS",
    "CGO_LDFLAGS", "CXX", "FC",         "GCCGO",        "GO111MODULE",  "GOWORK",      "PKG_CONFIG",
};

struct SamePathCommand {
  SamePathUse use = SamePathUse::passing;
  std::vector<std::string> words;                            // after "go"
  std::vector<std::string> goflags;                          // in effect
  std::map<std::string, std::string, std::less<>> settings;  // of those above, what is set
  sys::Path started_in;                                      // where go is started
  sys::Path checkout;  // what would be shown; absolute, as are all of these
  sys::Path module_cache;
  sys::Path goroot;
  sys::Path root;     // where: k_same_path_root, or what the user says
  sys::Path covered;  // the directory that is covered for it (sys::covered_directory)
};

struct ModuleFile {
  sys::Path path;  // absolute; a go.mod or a go.work
  std::string text;
};

struct SamePathFiles {
  std::optional<std::string> git_file;  // the content of .git where that is a file
  std::vector<ModuleFile> modules;      // those that count for this command
  CheckoutTree tree;
};

// Whether the command is of a kind that is ever shown another path: build, install, test, vet.
bool takes_same_path(const std::vector<std::string>& words);
// What needs no file: asked first.
std::optional<std::string> why_not_by_command(const SamePathCommand& command);
std::optional<std::string> why_not_by_files(const SamePathCommand& command,
                                            const SamePathFiles& files);

// The topmost of the nearest .git, go.work and go.mod at or above: all that go and git look for
// lies in it. Empty where there is none.
sys::Path whole_checkout(const sys::Path& directory);
// Whether `path` is `directory` or lies below, by their names.
bool lies_within(const sys::Path& path, const sys::Path& directory);

}  // namespace sluice::gotool
