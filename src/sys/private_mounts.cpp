#include "sys/private_mounts.hpp"

#include "sys/environment.hpp"
#include "sys/fd.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

namespace sluice::sys {
namespace {

constexpr unsigned long k_covering_flags = MS_NOSUID | MS_NODEV;

struct Entry {
  std::string name;
  std::optional<Path> link;  // of a symbolic link: where it leads
  bool is_directory = false;
  Fd handle;  // of anything else
};

// What stands there, reachable after it is covered.
Result<Fd> handle_of(const Path& path) {
  Fd fd(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "open " + path.native());
  return fd;
}

Result<std::vector<Entry>> entries_of(const Path& directory) {
  std::vector<Entry> entries;
  TRY(list_directory(directory, [&](std::string_view name) -> Result<void> {
    if (entries.size() == k_covered_entries_max) {
      return fail(Code::exhausted, fmt::format("{}: more than {} entries", directory.native(),
                                               k_covered_entries_max));
    }
    Entry entry;
    entry.name = name;
    const Path path = directory / name;
    TRY_ASSIGN(const auto info, stat_file(path, false));
    if (!info) return {};
    std::error_code error;
    if (std::filesystem::is_symlink(path, error)) {
      entry.link = std::filesystem::read_symlink(path, error);
    } else {
      entry.is_directory = info->is_directory();
      TRY_ASSIGN(entry.handle, handle_of(path));
    }
    entries.push_back(std::move(entry));
    return {};
  }));
  return entries;
}

Result<void> write_proc(const char* path, const std::string& text) {
  const Fd fd(::open(path, O_WRONLY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, std::string("open ") + path);
  if (::write(fd.get(), text.data(), text.size()) < 0) {
    return fail_errno(errno, std::string("write ") + path);
  }
  return {};
}

Result<void> leave_mounts() {
  if (::unshare(CLONE_NEWNS) == 0) return {};
  if (errno != EPERM) return fail_errno(errno, "a mount namespace");
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (user == 0) return fail(Code::denied, "root without CAP_SYS_ADMIN may not mount");
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return fail_errno(errno, "a user namespace");
  TRY(write_proc("/proc/self/setgroups", "deny"));
  TRY(write_proc("/proc/self/uid_map", fmt::format("{} {} 1", user, user)));
  return write_proc("/proc/self/gid_map", fmt::format("{} {} 1", group, group));
}

Result<void> bind(const Fd& from, const Path& at) {
  const std::string source = fmt::format("/proc/self/fd/{}", from.get());
  // With all that is mounted below: a user namespace may not uncover what others covered.
  if (::mount(source.c_str(), at.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0) return {};
  return fail_errno(errno, "mount at " + at.native());
}

Result<void> put_back(const Path& directory, const Entry& entry) {
  const Path at = directory / entry.name;
  if (entry.link) {
    if (::symlink(entry.link->c_str(), at.c_str()) == 0) return {};
    return fail_errno(errno, "link " + at.native());
  }
  if (entry.is_directory) {
    TRY(make_directories(at, 0755));
  } else if (!Fd(::open(at.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600))) {
    return fail_errno(errno, "make " + at.native());
  }
  return bind(entry.handle, at);
}

}  // namespace

Result<Path> covered_directory(const Path& root) {
  for (Path path = root; path.has_relative_path(); path = path.parent_path()) {
    TRY_ASSIGN(const auto info, stat_file(path));
    if (info && info->is_directory()) return path;
    if (info) return fail(Code::conflict, path.native() + " is no directory");
  }
  return fail(Code::not_found, fmt::format("/{} does not exist", (*++root.begin()).native()));
}

Result<void> show_at(const Path& root, const std::vector<ShownDirectory>& shown) {
  TRY_ASSIGN(const Path covered, covered_directory(root));
  TRY(leave_mounts());
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    return fail_errno(errno, "make mounts private");
  }
  TRY_ASSIGN(const std::vector<Entry> entries, entries_of(covered));
  std::vector<Fd> sources;
  for (const ShownDirectory& one : shown) {
    // Links lead to what they lead to now.
    Fd source(::open(one.directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!source) return fail_errno(errno, "open " + one.directory.native());
    TRY_ASSIGN(const auto there, stat_file(root / one.name, false));
    if (there) return fail(Code::conflict, (root / one.name).native() + " exists");
    sources.push_back(std::move(source));
  }
  if (::mount("sluice", covered.c_str(), "tmpfs", k_covering_flags, "mode=0755,size=1m") != 0) {
    return fail_errno(errno, "mount over " + covered.native());
  }
  for (const Entry& entry : entries) TRY(put_back(covered, entry));
  for (std::size_t i = 0; i < shown.size(); ++i) {
    TRY(make_directories(root / shown[i].name, 0755));
    TRY(bind(sources[i], root / shown[i].name));
  }
  // What is written beside would be lost: an error says so at once.
  if (::mount(nullptr, covered.c_str(), nullptr,
              MS_REMOUNT | MS_BIND | MS_RDONLY | k_covering_flags, nullptr) != 0) {
    return fail_errno(errno, "make " + covered.native() + " read-only");
  }
  return {};
}

}  // namespace sluice::sys
