// Modification times made of content: what git tracks, and the time that each thing gets.
//
// Pure functions on git's output: any thread. What does not parse is left out. The times are any
// nanosecond from 1980 to 2023, about 60 bits: two contents share one with a chance of one in
// 10^18. docs/guide/tests.md says whom they are for.
#pragma once

#include "base/deadline.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gotool {

struct TrackedFile {
  std::string path;    // from the top of the work tree
  std::string object;  // git's name of the content
  bool is_link = false;
};

// The files and symbolic links of `git ls-files -s -z`; submodules and conflicts are left out, and
// what is or lies below a ".git".
std::vector<TrackedFile> parse_tracked(std::string_view listing);

// The paths of a `-z` listing of names.
std::vector<std::string> parse_names(std::string_view listing);

UnixNanos content_time(std::string_view object);

// A time for each directory that holds tracked files, made of the names and types in it; "" is the
// top. Those that hold something of `untracked` (paths, directories end with '/') have none.
std::map<std::string, UnixNanos> directory_times(const std::vector<TrackedFile>& files,
                                                 const std::vector<std::string>& untracked);

}  // namespace sluice::gotool
