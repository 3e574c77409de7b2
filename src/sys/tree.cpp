#include "sys/tree.hpp"

#include "sys/timespec.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>

namespace sluice::sys {

namespace {

constexpr UnixNanos k_nanos_per_second = 1'000'000'000;
constexpr std::uint32_t k_mode_bits = 07777;
constexpr std::uint64_t k_block_bytes = 512;  // of st_blocks
constexpr std::size_t k_link_target_max = 4096;

TreeItem item_of(const struct stat& raw) {
  TreeItem item;
  item.mode = raw.st_mode & k_mode_bits;
  item.mtime_ns = raw.st_mtim.tv_sec * k_nanos_per_second + raw.st_mtim.tv_nsec;
  item.device = raw.st_dev;
  item.inode = raw.st_ino;
  item.links = raw.st_nlink;
  if (S_ISDIR(raw.st_mode)) item.type = TreeItemType::directory;
  if (S_ISLNK(raw.st_mode)) item.type = TreeItemType::symlink;
  if (S_ISREG(raw.st_mode)) {
    item.type = TreeItemType::file;
    item.size = static_cast<std::uint64_t>(raw.st_size);
    item.has_holes = static_cast<std::uint64_t>(raw.st_blocks) * k_block_bytes < item.size;
  }
  return item;
}

Result<std::string> read_link(const Path& path) {
  std::array<char, k_link_target_max> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  if (size < 0) return fail_errno(errno, "read the link " + path.native());
  return std::string(target.data(), static_cast<std::size_t>(size));
}

class Walk {
 public:
  Walk(const Path& root, const IsWanted& is_wanted) : root_(root), is_wanted_(is_wanted) {}

  Result<std::vector<TreeItem>> run() {
    struct stat raw{};
    if (::stat(root_.c_str(), &raw) != 0) return fail_errno(errno, "look at " + root_.native());
    items_.push_back(item_of(raw));
    if (items_.front().type == TreeItemType::directory) TRY(enter(""));
    return std::move(items_);
  }

 private:
  Result<void> enter(const std::string& directory) {
    std::vector<std::string> names;
    TRY(list_directory(directory.empty() ? root_ : root_ / directory,
                       [&names](std::string_view name) -> Result<void> {
                         names.emplace_back(name);
                         return {};
                       }));
    std::ranges::sort(names);
    for (std::string& name : names) {
      TRY(add(directory.empty() ? std::move(name) : directory + '/' + name));
    }
    return {};
  }

  Result<void> add(std::string name) {
    const Path path = root_ / name;
    struct stat raw{};
    if (::lstat(path.c_str(), &raw) != 0) {
      if (errno == ENOENT) return {};  // removed since its directory was read
      return fail_errno(errno, "look at " + path.native());
    }
    TreeItem item = item_of(raw);
    const bool is_directory = item.type == TreeItemType::directory;
    if (is_wanted_ && !is_wanted_(name, is_directory)) return {};
    if (item.type == TreeItemType::symlink) {
      TRY_ASSIGN(item.target, read_link(path));
    }
    item.name = name;
    items_.push_back(std::move(item));
    return is_directory ? enter(name) : Result<void>{};
  }

  const Path& root_;
  const IsWanted& is_wanted_;
  std::vector<TreeItem> items_;
};

std::array<timespec, 2> times_of(UnixNanos mtime_ns) {
  return {timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, timespec_of(mtime_ns)};
}

// What cannot be opened stays closed: whoever removes it is told.
void open_directories(const Path& path) {
  struct stat raw{};
  if (::lstat(path.c_str(), &raw) != 0 || !S_ISDIR(raw.st_mode)) return;
  [[maybe_unused]] const int is_told_by_the_listing = ::chmod(path.c_str(), S_IRWXU);
  [[maybe_unused]] const auto is_told_by_the_removal =
      list_directory(path, [&path](std::string_view name) -> Result<void> {
        open_directories(path / name);
        return {};
      });
}

}  // namespace

Result<std::vector<TreeItem>> walk_tree(const Path& root, const IsWanted& is_wanted) {
  return Walk(root, is_wanted).run();
}

Result<std::vector<FileRange>> data_ranges(int fd, std::uint64_t offset, std::uint64_t size) {
  std::vector<FileRange> ranges;
  const std::uint64_t end = offset + size;
  for (std::uint64_t at = offset; at < end;) {
    const off_t data = ::lseek(fd, static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // nothing but a hole up to the end
    if (data < 0 && errno == EINVAL) return std::vector<FileRange>{{offset, size}};
    if (data < 0) return fail_errno(errno, "look for data");
    const auto begin = static_cast<std::uint64_t>(data);
    if (begin >= end) break;
    const off_t hole = ::lseek(fd, data, SEEK_HOLE);
    if (hole < 0) return fail_errno(errno, "look for a hole");
    at = std::min(end, static_cast<std::uint64_t>(hole));
    ranges.push_back({begin, at - begin});
  }
  return ranges;
}

// The mode last: it may take away the right to change anything.
Result<void> set_mode_and_time(int fd, std::uint32_t mode, UnixNanos mtime_ns) {
  const auto times = times_of(mtime_ns);
  if (::futimens(fd, times.data()) != 0) return fail_errno(errno, "set the time");
  if (::fchmod(fd, mode) != 0) return fail_errno(errno, "set the mode");
  return {};
}

Result<void> set_mode_and_time(const Path& path, std::uint32_t mode, UnixNanos mtime_ns) {
  const auto times = times_of(mtime_ns);
  if (::utimensat(AT_FDCWD, path.c_str(), times.data(), 0) != 0) {
    return fail_errno(errno, "set the time of " + path.native());
  }
  if (::chmod(path.c_str(), mode) != 0)
    return fail_errno(errno, "set the mode of " + path.native());
  return {};
}

Result<void> remove_closed_tree(const Path& path) {
  if (remove_tree(path)) return {};
  open_directories(path);
  return remove_tree(path);
}

Result<void> exchange(const Path& one, const Path& other) {
  if (::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) == 0) return {};
  const std::string what = "exchange " + one.native() + " and " + other.native();
  if (errno == EINVAL || errno == ENOSYS) return fail(Code::unsupported, what);
  return fail_errno(errno, what);
}

}  // namespace sluice::sys
