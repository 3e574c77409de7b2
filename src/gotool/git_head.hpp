// What a .git directory stands at, read from its files without git.
//
// Reads the file system, changes nothing; any thread. Source of the layout:
// gitrepository-layout(5), git-pack-refs(1), git-symbolic-ref(1).
#pragma once

#include "sys/file.hpp"

#include <optional>
#include <string>

namespace sluice::gotool {

struct GitHead {
  std::string ref;     // "refs/heads/main"; empty: a commit itself is checked out
  std::string commit;  // lower-case hex; empty: a branch without any
};
// Nothing where these files do not tell: no HEAD, refs in a table, a chain of names that does not
// end.
std::optional<GitHead> git_head(const sys::Path& git_directory);

}  // namespace sluice::gotool
