#include "sys/cgroup.hpp"

#include <doctest/doctest.h>

#include <string_view>

using namespace sluice;
using namespace sluice::sys;

namespace {

class Machine {
 public:
  Machine() {
    auto made = TempDirectory::create("cgroup");
    REQUIRE(made);
    directory_.emplace(std::move(*made));
  }
  Machine& with(const Path& file, std::string_view text) {
    const Path path = root() / file;
    REQUIRE(make_directories(path.parent_path()));
    REQUIRE(write_file_atomic(path, bytes_of(text), 0600));
    return *this;
  }
  Path root() const { return directory_->path(); }
  Cgroups groups() const { return Cgroups(root()); }

 private:
  std::optional<TempDirectory> directory_;
};

constexpr std::string_view k_v2_mounts =
    "25 30 0:22 / /proc rw - proc proc rw\n"
    "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr std::string_view k_v1_mounts =
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";

}  // namespace

TEST_CASE("cgroups: none, and none that limits") {
  CHECK_FALSE(Machine().groups().cpu_quota());
  CHECK_FALSE(Machine().groups().memory());
  Machine machine;
  machine.with("proc/self/cgroup", "0::/\n").with("proc/self/mountinfo", k_v2_mounts);
  machine.with("sys/fs/cgroup/cpu.max", "max 100000\n");
  machine.with("sys/fs/cgroup/memory.max", "max\n");
  CHECK_FALSE(machine.groups().cpu_quota());
  CHECK_FALSE(machine.groups().memory());
  CHECK(machine.groups().throttled_count() == 0);
  CHECK(machine.groups().oom_kill_count() == 0);
}

TEST_CASE("cgroups: of version 2 the tightest up to the root") {
  Machine machine;
  machine.with("proc/self/cgroup", "0::/pod/container\n");
  machine.with("proc/self/mountinfo", k_v2_mounts);
  machine.with("sys/fs/cgroup/pod/cpu.max", "150000 100000\n");
  machine.with("sys/fs/cgroup/pod/container/cpu.max", "400000 100000\n");
  machine.with("sys/fs/cgroup/pod/cpu.stat", "usage_usec 9\nnr_periods 7\nnr_throttled 3\n");
  machine.with("sys/fs/cgroup/pod/container/cpu.stat", "nr_throttled 2\n");
  machine.with("sys/fs/cgroup/pod/memory.max", "1000\n");
  machine.with("sys/fs/cgroup/pod/memory.current", "900\n");
  machine.with("sys/fs/cgroup/pod/memory.stat", "anon 1\ninactive_file 300\n");
  machine.with("sys/fs/cgroup/pod/container/memory.max", "500\n");
  machine.with("sys/fs/cgroup/pod/container/memory.current", "50\n");
  machine.with("sys/fs/cgroup/pod/container/memory.events.local", "oom 1\noom_kill 4\n");
  const Cgroups groups = machine.groups();
  CHECK(groups.cpu_quota() == 1.5);
  CHECK(groups.throttled_count() == 5);
  CHECK(groups.oom_kill_count() == 4);
  const auto memory = groups.memory();
  REQUIRE(memory);
  CHECK(memory->limit == 1000);
  CHECK(memory->used == 600);
}

TEST_CASE("cgroups: of version 1, each controller where it is mounted") {
  Machine machine;
  machine.with("proc/self/cgroup",
               "5:memory:/docker/abc/job\n3:cpu,cpuacct:/slice\n1:name=systemd:/\n0::/\n");
  machine.with("proc/self/mountinfo", k_v1_mounts);
  const Path cpu = "sys/fs/cgroup/cpu,cpuacct";
  machine.with(cpu / "cpu.cfs_quota_us", "-1\n").with(cpu / "cpu.cfs_period_us", "100000\n");
  machine.with(cpu / "slice/cpu.cfs_quota_us", "50000\n");
  machine.with(cpu / "slice/cpu.cfs_period_us", "100000\n");
  const Path memory = "sys/fs/cgroup/memory";
  machine.with(memory / "memory.limit_in_bytes", "9223372036854771712\n");
  machine.with(memory / "job/memory.limit_in_bytes", "2000\n");
  machine.with(memory / "job/memory.usage_in_bytes", "1500\n");
  machine.with(memory / "job/memory.stat", "inactive_file 1\ntotal_inactive_file 1600\n");
  machine.with(memory / "job/memory.oom_control", "oom_kill_disable 0\noom_kill 2\n");
  CHECK(machine.groups().cpu_quota() == 0.5);
  const auto found = machine.groups().memory();
  REQUIRE(found);
  CHECK(found->limit == 2000);
  CHECK(found->used == 0);
  CHECK(machine.groups().oom_kill_count() == 2);
}

TEST_CASE("cgroups: a group that the mount does not show, and lines that are none") {
  for (const std::string_view group : {"0::/../other\n", "0::/elsewhere\n"}) {
    Machine machine;
    machine.with("proc/self/cgroup", group).with("proc/self/mountinfo", k_v2_mounts);
    machine.with("sys/fs/cgroup/cpu.max", "200000 100000\n");
    CHECK(machine.groups().cpu_quota() == 2);
  }
  Machine machine;
  machine.with("proc/self/cgroup", "0\n::\nx:y\n0::/\n");
  machine.with("proc/self/mountinfo", "1 2 - x\n - \n" + std::string(k_v2_mounts));
  machine.with("sys/fs/cgroup/cpu.max", "0 100000\n");
  CHECK_FALSE(machine.groups().cpu_quota());
  machine.with("sys/fs/cgroup/cpu.max", "lots\n");
  CHECK_FALSE(machine.groups().cpu_quota());
}

TEST_CASE("cgroups: of this process, whatever they are") {
  const Cgroups groups;
  const auto quota = groups.cpu_quota();
  CHECK((!quota || *quota > 0));
  const auto memory = groups.memory();
  CHECK((!memory || memory->limit > 0));
}
