#include "sys/beneath.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

namespace sluice::sys {
namespace {

constexpr int k_way_flags = O_PATH | O_DIRECTORY | O_CLOEXEC;

bool means_absent(int error) { return error == ENOENT || error == ENOTDIR; }

}  // namespace

Result<std::optional<Fd>> open_directory_beneath(const Path& root, std::string_view relative) {
  Fd at(::open(root.c_str(), k_way_flags));
  if (!at && means_absent(errno)) return std::nullopt;
  if (!at) return fail_errno(errno, fmt::format("open {}", root.native()));
  for (const std::string_view part : split(relative, '/')) {
    if (part.empty()) continue;
    const std::string name(part);
    Fd next(::openat(at.get(), name.c_str(), k_way_flags | O_NOFOLLOW));
    if (!next) {
      const int error = errno;
      if (error == ENOENT) return std::nullopt;  // what somebody makes after this is not asked for
      struct stat info{};
      const bool is_there = ::fstatat(at.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
      if (!is_there && means_absent(errno)) return std::nullopt;
      const std::string what = fmt::format("{} in {}", relative, root.native());
      if (is_there && !S_ISDIR(info.st_mode)) {
        return fail(Code::denied,
                    fmt::format("{}: {} is {}, and is not followed", what, name,
                                S_ISLNK(info.st_mode) ? "a symbolic link" : "no directory"));
      }
      return fail_errno(error, "open " + what);
    }
    at = std::move(next);
  }
  return at;
}

Result<std::optional<Fd>> open_file_in(const Fd& directory, const std::string& name) {
  // Without waiting for who would write into a pipe.
  Fd fd(::openat(directory.get(), name.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) {
    // A link, a socket, a device that nobody drives.
    if (means_absent(errno) || errno == ELOOP || errno == ENXIO || errno == ENODEV) {
      return std::nullopt;
    }
    return fail_errno(errno, "open " + name);
  }
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return fail_errno(errno, "look at " + name);
  if (!S_ISREG(info.st_mode)) return std::nullopt;
  return fd;
}

Result<std::optional<FileInfo>> stat_in(const Fd& directory, const std::string& name) {
  struct stat info{};
  if (::fstatat(directory.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    return info_of(info);
  }
  if (means_absent(errno)) return std::nullopt;
  return fail_errno(errno, "look at " + name);
}

Result<void> remove_file_in(const Fd& directory, const std::string& name) {
  if (::unlinkat(directory.get(), name.c_str(), 0) == 0 || means_absent(errno)) return {};
  return fail_errno(errno, "remove " + name);
}

Result<void> list_in(const Fd& directory, const Path& shown,
                     const std::function<Result<void>(std::string_view name)>& visit) {
  struct Closer {
    void operator()(DIR* open) const { ::closedir(open); }
  };
  const auto failed = [&shown](int error) { return fail_errno(error, "list " + shown.native()); };
  const int fd = ::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failed(errno);
  const std::unique_ptr<DIR, Closer> open(::fdopendir(fd));
  if (!open) {
    const int error = errno;
    ::close(fd);
    return failed(error);
  }
  for (;;) {
    errno = 0;
    const struct dirent* entry = ::readdir(open.get());
    if (entry == nullptr) return errno == 0 ? Result<void>{} : failed(errno);
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") TRY(visit(name));
  }
}

}  // namespace sluice::sys
