// Which kind of file system a path lies on: a disk of this machine, or something behind a network.
//
// Any thread; no state. The error is the system call's and names the path.
#pragma once

#include "base/result.hpp"
#include "sys/file.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::sys {

enum class FileSystemPlace : std::uint8_t {
  local,
  remote,   // NFS, SMB, Ceph and their like
  foreign,  // FUSE, 9p: another process or machine serves it, near or far
};

struct FileSystemKind {
  std::string name;  // "NFS"; "local" for all that are on this machine
  FileSystemPlace place = FileSystemPlace::local;
};

// By the number that statfs(2) gives (linux/magic.h).
FileSystemKind file_system_kind(std::uint64_t magic);
// Of the path, or of the nearest directory above it that is there.
Result<FileSystemKind> file_system_of(Path path);

}  // namespace sluice::sys
