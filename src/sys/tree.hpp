// Directory trees as they are: what is in one, which parts of a file hold data, and the attributes
// that a copy gets.
//
// Keeps no state: any thread. Times are nanoseconds since 1970. Errors name the path.
#pragma once

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "sys/file.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::sys {

enum class TreeItemType : std::uint8_t { directory, file, symlink, other };

struct TreeItem {
  std::string name;  // relative to the root, with slashes; empty: the root itself
  TreeItemType type = TreeItemType::other;
  std::uint32_t mode = 0;  // permission bits
  UnixNanos mtime_ns = 0;
  std::uint64_t size = 0;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t links = 0;  // names of the inode
  bool has_holes = false;   // of a file: it takes less of the disk than its size
  std::string target = {};  // of a symbolic link
};

// Asked of everything but the root; what is not wanted is left out with all below it.
using IsWanted = std::function<bool(std::string_view name, bool is_directory)>;

// The root (a symbolic link that it is, is followed) and what is below it, links not followed: a
// directory before what is in it, names of one directory in ascending order. Code::not_found where
// there is no root.
Result<std::vector<TreeItem>> walk_tree(const Path& root, const IsWanted& is_wanted);

struct FileRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  bool operator==(const FileRange&) const = default;
};
// The parts of [offset, offset + size) that hold data; all of it where the file system cannot tell.
Result<std::vector<FileRange>> data_ranges(int fd, std::uint64_t offset, std::uint64_t size);

Result<void> set_mode_and_time(int fd, std::uint32_t mode, UnixNanos mtime_ns);
Result<void> set_mode_and_time(const Path& path, std::uint32_t mode, UnixNanos mtime_ns);

// As remove_tree, also what lies in directories of ours that nobody may write.
Result<void> remove_closed_tree(const Path& path);

// Swaps two names of one file system in one step; Code::unsupported where that cannot be done.
Result<void> exchange(const Path& one, const Path& other);

}  // namespace sluice::sys
