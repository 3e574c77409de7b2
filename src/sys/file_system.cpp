#include "sys/file_system.hpp"

#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace sluice::sys {
namespace {

struct Known {
  std::uint64_t magic;
  std::string_view name;
  FileSystemPlace place;
};

constexpr std::array k_known = {
    Known{0x6969, "NFS", FileSystemPlace::remote},
    Known{0x517B, "SMB", FileSystemPlace::remote},
    Known{0xFE534D42, "SMB", FileSystemPlace::remote},
    Known{0xFF534D42, "CIFS", FileSystemPlace::remote},
    Known{0x00C36400, "Ceph", FileSystemPlace::remote},
    Known{0x5346414F, "AFS", FileSystemPlace::remote},
    Known{0x6B414653, "AFS", FileSystemPlace::remote},
    Known{0x01161970, "GFS2", FileSystemPlace::remote},
    Known{0x7461636F, "OCFS2", FileSystemPlace::remote},
    Known{0x0BD00BD0, "Lustre", FileSystemPlace::remote},
    Known{0x47504653, "GPFS", FileSystemPlace::remote},
    Known{0x65735546, "FUSE", FileSystemPlace::foreign},
    Known{0x01021997, "9p", FileSystemPlace::foreign},
};

}  // namespace

FileSystemKind file_system_kind(std::uint64_t magic) {
  const auto known = std::ranges::find(k_known, magic, &Known::magic);
  if (known == k_known.end()) return {"local", FileSystemPlace::local};
  return {std::string(known->name), known->place};
}

Result<FileSystemKind> file_system_of(Path path) {
  while (true) {
    struct statfs info{};
    if (::statfs(path.c_str(), &info) == 0) {
      // The field is a signed int on some machines.
      return file_system_kind(static_cast<std::uint32_t>(info.f_type));
    }
    const int reason = errno;
    const Path above = path.parent_path();
    if ((reason != ENOENT && reason != ENOTDIR) || above == path || above.empty()) {
      return fail_errno(reason, "ask for the file system of " + path.native());
    }
    path = above;
  }
}

}  // namespace sluice::sys
