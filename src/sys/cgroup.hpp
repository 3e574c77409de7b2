// What the control groups of this process allow: CPU quota, memory limit, and how near they are.
//
// Versions 1, 2 and both side by side; every group from this process's own up to the one that is
// mounted counts, and the tightest decides. Reads small files of /proc and /sys/fs/cgroup; whatever
// cannot be read limits nothing. Any thread. Source: the kernel's documentation of cgroup-v1 and
// cgroup-v2, and proc(5) for cgroup and mountinfo.
#pragma once

#include "sys/file.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace sluice::sys {

struct CgroupMemory {
  std::uint64_t limit = 0;
  std::uint64_t used = 0;  // without file pages that were not used lately: those can be had
};

class Cgroups {
 public:
  // Finds the groups that this process is in now. `root` stands before every path that is read: a
  // test's directory, else empty.
  explicit Cgroups(const Path& root = {});

  // Processors' worth of time. Nothing: no quota.
  std::optional<double> cpu_quota() const;
  // Of the group where the least is left. Nothing: no limit.
  std::optional<CgroupMemory> memory() const;
  // Periods in which a quota was used up, of all groups, since they were made.
  std::uint64_t throttled_count() const;
  // Processes that were killed for want of memory, likewise.
  std::uint64_t oom_kill_count() const;

 private:
  struct Group {
    Path directory;
    bool is_v2 = false;
  };
  std::vector<Group> cpu_;
  std::vector<Group> memory_;
};

}  // namespace sluice::sys
