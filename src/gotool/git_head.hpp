// The commit that a .git directory stands at, read from its files without git.
//
// Reads the file system, changes nothing; any thread. What is no plain repository (a worktree's
// .git file, refs in a table, an unborn branch) has none here. Source of the layout:
// gitrepository-layout(5), git-pack-refs(1).
#pragma once

#include "sys/file.hpp"

#include <string>

namespace sluice::gotool {

// Lower-case hex; empty where it is not known.
std::string commit_at_head(const sys::Path& git_directory);

}  // namespace sluice::gotool
