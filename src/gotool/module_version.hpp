// A module at a version, and where go keeps it in the module cache.
//
// Values and pure functions: any thread. Source of the layout and the escaping:
// https://go.dev/ref/mod#module-cache and golang.org/x/mod/module. A path or version that is not
// plain names no file: is_plain is stricter than go nowhere that a published module would notice.
#pragma once

#include "sys/file.hpp"

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::gotool {

struct ModuleVersion {
  std::string path;     // "github.com/BurntSushi/toml"
  std::string version;  // "v1.4.0", "v2.0.0+incompatible"

  auto operator<=>(const ModuleVersion&) const = default;
  std::string text() const { return path + "@" + version; }
};

// Whether go would take it for a module's path and a version in canonical form: nothing that leaves
// a directory, no empty element, no character that a file system or a shell cares for.
bool is_plain(const ModuleVersion& module);

// Which of two canonical versions is newer, as https://semver.org has it ("+incompatible" does not
// count): below, at or above zero.
int compare_module_versions(std::string_view left, std::string_view right);

// For file systems that ignore case: "github.com/BurntSushi" is "github.com/!burnt!sushi".
std::string escape_module_text(std::string_view text);
// The way back; nothing for what is no such text.
std::optional<std::string> unescape_module_text(std::string_view text);

// Below GOMODCACHE; of a module that is_plain.
struct ModulePlaces {
  sys::Path tree;      // <path>@<version>: directories 0555, files 0444
  sys::Path partial;   // cache/download/<path>/@v/<version>.partial: `tree` is not whole
  sys::Path lock;      // …/<version>.lock, held with flock by whoever makes `tree` or …
  sys::Path info;      // …/<version>.info
  sys::Path mod;       // …/<version>.mod
  sys::Path zip;       // …/<version>.zip
  sys::Path zip_hash;  // …/<version>.ziphash: the h1 of the zip's files, no line break
};
ModulePlaces module_places(const sys::Path& module_cache, const ModuleVersion& module);

}  // namespace sluice::gotool
