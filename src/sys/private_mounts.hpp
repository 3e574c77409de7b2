// Directories shown at one more path, to this process and what it starts and to nobody else.
//
// show_at moves this process into a mount namespace of its own and lays the directories there:
// called once, from a process with one thread that is about to become another program. Mounts only
// add paths: what was reachable before is reachable at the same path. Nothing of it is seen
// outside, and the kernel removes it with the last process inside. Errors say why it is not
// possible here: Code::denied where the system forbids it, Code::conflict where something stands at
// that path. Source: mount_namespaces(7), user_namespaces(7). Decision:
// docs/decisions/same-path.md.
#pragma once

#include "base/result.hpp"
#include "sys/file.hpp"

#include <string>
#include <vector>

namespace sluice::sys {

inline constexpr std::size_t k_covered_entries_max = 256;

struct ShownDirectory {
  std::string name;  // one path element below the root
  Path directory;
};

// The nearest directory at or above `root` that exists: a file system in memory is laid over it,
// with everything that was in it, so that the rest of `root` can be made. "/" never is one.
Result<Path> covered_directory(const Path& root);

// With CAP_SYS_ADMIN a mount namespace alone; for a user without it a user namespace that maps this
// user and group to themselves. root without that right gets none: in a user namespace of one user
// it could not write other users' files any more.
Result<void> show_at(const Path& root, const std::vector<ShownDirectory>& shown);

}  // namespace sluice::sys
