#include "sys/cgroup.hpp"

#include "base/strings.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace sluice::sys {
namespace {

constexpr std::uint64_t k_file_max = 1U << 20U;
constexpr std::string_view k_proc_cgroup = "proc/self/cgroup";
constexpr std::string_view k_proc_mounts = "proc/self/mountinfo";
// Version 1 writes a number near 2^63 for none.
constexpr std::uint64_t k_limit_max = std::uint64_t{1} << 60U;

std::string text_at(const Path& file) {
  const auto bytes = read_file(file, k_file_max);
  return bytes && *bytes ? std::string(text_of(**bytes)) : std::string();
}

std::optional<std::uint64_t> number_at(const Path& file) {
  const std::string text = text_at(file);
  return parse_int<std::uint64_t>(trim(text));
}

// The value behind a name in lines of "name value".
std::optional<std::uint64_t> value_in(std::string_view text, std::string_view name) {
  for (const std::string_view line : split(text, '\n')) {
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ' ') {
      return parse_int<std::uint64_t>(line.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

bool names(std::string_view list, std::string_view one) {
  return std::ranges::any_of(split(list, ','), [one](auto name) { return name == one; });
}

// Where a hierarchy is mounted, and which of its groups that shows.
struct Mount {
  std::string group;
  std::string directory;
};

// "36 35 0:30 /group /directory options … - cgroup source super-options"
std::optional<Mount> find_mount(std::string_view mounts, std::string_view controller) {
  for (const std::string_view line : split(mounts, '\n')) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto before = split(line.substr(0, dash), ' ');
    const auto behind = split(line.substr(dash + 3), ' ');
    if (before.size() < 5 || behind.size() < 3) continue;
    const bool is_it = controller.empty() ? behind[0] == "cgroup2"
                                          : behind[0] == "cgroup" && names(behind[2], controller);
    if (is_it) return Mount{std::string(before[3]), std::string(before[4])};
  }
  return std::nullopt;
}

// The group of this process, "/a/b"; of version 2 where `controller` is empty.
std::optional<std::string> find_group(std::string_view groups, std::string_view controller) {
  for (const std::string_view line : split(groups, '\n')) {
    const std::size_t first = line.find(':');
    if (first == std::string_view::npos) continue;
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const bool is_it =
        controller.empty() ? line.starts_with("0::") : names(controllers, controller);
    if (is_it) return std::string(line.substr(second + 1));
  }
  return std::nullopt;
}

// From the group itself up to what is mounted.
std::vector<Path> directories(const Path& root, std::string_view groups, std::string_view mounts,
                              std::string_view controller) {
  const auto group = find_group(groups, controller);
  const auto mount = find_mount(mounts, controller);
  if (!group || !mount) return {};
  std::string_view below = *group;
  // In a container without a namespace of its own the mount shows a part of the tree.
  if (mount->group != "/") {
    const bool is_below = below.starts_with(mount->group) && (below.size() == mount->group.size() ||
                                                              below[mount->group.size()] == '/');
    below = is_below ? below.substr(mount->group.size()) : std::string_view();
  }
  // Above a namespace's root nothing is shown.
  if (below.find("..") != std::string_view::npos) below = {};
  const Path top = root / Path(mount->directory).relative_path();
  std::vector<Path> found;
  for (Path at = (top / Path(below).relative_path()).lexically_normal();; at = at.parent_path()) {
    if (!at.has_filename()) at = at.parent_path();  // "a/" is "a"
    found.push_back(at);
    if (at == top || at.native().size() <= top.native().size()) return found;
  }
}

}  // namespace

Cgroups::Cgroups(const Path& root) {
  const Path base = root.empty() ? Path("/") : root;
  const std::string groups = text_at(base / k_proc_cgroup);
  const std::string mounts = text_at(base / k_proc_mounts);
  const auto add = [&](std::vector<Group>& to, std::string_view controller) {
    for (const bool is_v2 : {false, true}) {
      for (Path& one : directories(base, groups, mounts, is_v2 ? "" : controller)) {
        to.push_back({std::move(one), is_v2});
      }
    }
  };
  add(cpu_, "cpu");
  add(memory_, "memory");
}

std::optional<double> Cgroups::cpu_quota() const {
  std::optional<double> tightest;
  for (const Group& group : cpu_) {
    std::string quota_text;
    std::string period_text;
    if (group.is_v2) {
      const std::string text = text_at(group.directory / "cpu.max");
      const std::string_view words = trim(text);
      const std::size_t blank = words.find(' ');
      if (blank == std::string_view::npos) continue;
      quota_text = words.substr(0, blank);
      period_text = words.substr(blank + 1);
    } else {
      quota_text = trim(text_at(group.directory / "cpu.cfs_quota_us"));
      period_text = trim(text_at(group.directory / "cpu.cfs_period_us"));
    }
    const auto quota = parse_int<std::uint64_t>(quota_text);  // "max" and "-1" are none
    const auto period = parse_int<std::uint64_t>(period_text);
    if (!quota || !period || *quota == 0 || *period == 0) continue;
    const double cores = static_cast<double>(*quota) / static_cast<double>(*period);
    tightest = std::min(tightest.value_or(cores), cores);
  }
  return tightest;
}

std::optional<CgroupMemory> Cgroups::memory() const {
  std::optional<CgroupMemory> tightest;
  const auto left = [](const CgroupMemory& memory) {
    return memory.limit - std::min(memory.limit, memory.used);
  };
  for (const Group& group : memory_) {
    const auto limit =
        number_at(group.directory / (group.is_v2 ? "memory.max" : "memory.limit_in_bytes"));
    if (!limit || *limit >= k_limit_max) continue;
    const auto used =
        number_at(group.directory / (group.is_v2 ? "memory.current" : "memory.usage_in_bytes"));
    const auto unused = value_in(text_at(group.directory / "memory.stat"),
                                 group.is_v2 ? "inactive_file" : "total_inactive_file");
    const std::uint64_t all = used.value_or(0);
    const CgroupMemory memory{*limit, all - std::min(all, unused.value_or(0))};
    if (!tightest || left(memory) < left(*tightest)) tightest = memory;
  }
  return tightest;
}

std::uint64_t Cgroups::throttled_count() const {
  std::uint64_t count = 0;
  for (const Group& group : cpu_) {
    count += value_in(text_at(group.directory / "cpu.stat"), "nr_throttled").value_or(0);
  }
  return count;
}

std::uint64_t Cgroups::oom_kill_count() const {
  std::uint64_t count = 0;
  for (const Group& group : memory_) {
    const char* file = group.is_v2 ? "memory.events.local" : "memory.oom_control";
    count += value_in(text_at(group.directory / file), "oom_kill").value_or(0);
  }
  return count;
}

}  // namespace sluice::sys
