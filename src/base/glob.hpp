// Patterns of file names: `*`, `?`, `[a-z]`, and `**` for any number of directories.
//
// Pure functions: any thread. No errors: what is no bracket is a character.
#pragma once

#include <string_view>

namespace sluice {

// Whether the whole of a path with slashes is what the pattern says. `*`, `?` and brackets never
// stand for a slash; a `**` that is a whole element stands for any number of them, none included.
bool matches_glob(std::string_view path, std::string_view pattern);

}  // namespace sluice
