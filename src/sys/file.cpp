#include "sys/file.hpp"

#include "base/strings.hpp"
#include "sys/beneath.hpp"
#include "sys/timespec.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

namespace sluice::sys {
namespace {

constexpr UnixNanos k_nanos_per_second = 1'000'000'000;
constexpr std::chrono::milliseconds k_lock_pause_max{20};

std::string about(std::string_view what, const Path& path) {
  std::string text(what);
  text += ' ';
  text += path.native();
  return text;
}

bool means_absent(int errno_value) { return errno_value == ENOENT || errno_value == ENOTDIR; }

// A pipe that lies where a file should be would otherwise hold the reader until somebody writes.
constexpr int k_read_flags = O_RDONLY | O_NONBLOCK;

int open_retrying(const Path& path, int flags, mode_t mode) {
  for (;;) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    if (fd >= 0 || errno != EINTR) return fd;
  }
}

// Opened by such a name a file would be written from its beginning, over what it has already.
std::optional<int> own_descriptor(const Path& path) {
  const std::string& name = path.native();
  if (name == "/dev/stdout") return STDOUT_FILENO;
  if (name == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view prefix : {"/dev/fd/", "/proc/self/fd/"}) {
    if (name.starts_with(prefix)) return parse_int<int>(name.substr(prefix.size()));
  }
  return std::nullopt;
}

}  // namespace

FileInfo info_of(const struct stat& raw) {
  FileInfo info;
  info.size = static_cast<std::uint64_t>(raw.st_size);
  info.mtime_ns = raw.st_mtim.tv_sec * k_nanos_per_second + raw.st_mtim.tv_nsec;
  info.changed_ns = raw.st_ctim.tv_sec * k_nanos_per_second + raw.st_ctim.tv_nsec;
  info.mode = raw.st_mode;
  info.uid = raw.st_uid;
  info.inode = raw.st_ino;
  return info;
}

bool FileInfo::is_regular() const { return S_ISREG(mode); }
bool FileInfo::is_directory() const { return S_ISDIR(mode); }

Result<std::optional<FileInfo>> stat_file(const Path& path, bool follow) {
  struct stat raw{};
  const int status = follow ? ::stat(path.c_str(), &raw) : ::lstat(path.c_str(), &raw);
  if (status == 0) return info_of(raw);
  if (means_absent(errno)) return std::nullopt;
  return fail_errno(errno, about("look at", path));
}

Result<Fd> open_read(const Path& path) {
  Fd fd(open_retrying(path, k_read_flags, 0));
  if (!fd) return fail_errno(errno, about("open", path));
  return fd;
}

Result<std::optional<Fd>> open_if_exists(const Path& path) {
  Fd fd(open_retrying(path, k_read_flags, 0));
  if (fd) return fd;
  if (means_absent(errno)) return std::nullopt;
  return fail_errno(errno, about("open", path));
}

Result<std::optional<Bytes>> read_file(const Path& path, std::uint64_t size_max) {
  TRY_ASSIGN(const std::optional<Fd> fd, open_if_exists(path));
  if (!fd) return std::nullopt;
  struct stat raw{};
  if (::fstat(fd->get(), &raw) != 0) return fail_errno(errno, about("look at", path));
  const auto too_large = [&] {
    return fail(Code::exhausted,
                about("read", path) + ": larger than " + std::to_string(size_max) + " bytes");
  };
  const auto announced = static_cast<std::uint64_t>(raw.st_size);
  if (announced > size_max) return too_large();

  // Files of /proc announce 0 bytes and others may grow meanwhile: read to the real end.
  constexpr std::uint64_t k_step = 16U << 10U;
  Bytes bytes(static_cast<std::size_t>(announced > 0 ? announced + 1 : k_step));
  std::size_t size = 0;
  for (;;) {
    auto count = read_some(fd->get(), MutableByteView(bytes).subspan(size));
    if (!count) return std::unexpected(std::move(count).error().in(path.native()));
    if (*count == 0) break;
    size += *count;
    if (size > size_max) return too_large();
    if (size == bytes.size()) bytes.resize(2 * bytes.size());
  }
  bytes.resize(size);
  return bytes;
}

Result<void> make_directories(const Path& path, std::uint32_t mode) {
  if (path.empty()) return {};
  if (::mkdir(path.c_str(), static_cast<mode_t>(mode)) == 0) return {};
  int reason = errno;
  if (reason == ENOENT) {
    const Path parent = path.parent_path();
    if (parent == path) return fail_errno(reason, about("make directory", path));
    TRY(make_directories(parent, mode));
    if (::mkdir(path.c_str(), static_cast<mode_t>(mode)) == 0) return {};
    reason = errno;
  }
  // Somebody else may have been faster, and a read-only file system may hold it already.
  TRY_ASSIGN(const std::optional<FileInfo> info, stat_file(path));
  if (info && info->is_directory()) return {};
  return fail_errno(info ? ENOTDIR : reason, about("make directory", path));
}

Result<void> make_private_directory(const Path& path) {
  TRY(make_directories(path.parent_path()));
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return fail_errno(errno, about("make private directory", path));
  }
  TRY_ASSIGN(const std::optional<FileInfo> info, stat_file(path, false));
  const auto refuse = [&](std::string_view why) {
    return fail(Code::denied, about("private directory", path) + ": " + std::string(why));
  };
  if (!info) return refuse("vanished while it was checked");
  if (S_ISLNK(info->mode)) return refuse("is a symbolic link");
  if (!info->is_directory()) return refuse("is not a directory");
  if (info->uid != ::geteuid()) {
    return refuse("belongs to user " + std::to_string(info->uid));
  }
  if ((info->mode & 077U) != 0) return refuse("is open to other users (chmod 700 mends it)");
  return {};
}

Result<void> write_named_file(const Path& path, ByteView bytes) {
  if (const auto own = own_descriptor(path)) {
    auto written = write_all(*own, bytes);
    if (!written) return std::unexpected(std::move(written).error().in(path.native()));
    return {};
  }
  TRY_ASSIGN(const std::optional<FileInfo> info, stat_file(path, false));
  if (!info || info->is_regular()) return write_file_atomic(path, bytes);
  const Fd fd(open_retrying(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY, 0666));
  if (!fd) return fail_errno(errno, about("open", path));
  auto written = write_all(fd.get(), bytes);
  if (!written) return std::unexpected(std::move(written).error().in(path.native()));
  return {};
}

Result<void> append_to_file(const Path& path, ByteView bytes, std::uint32_t mode) {
  const Fd fd(open_retrying(path, O_WRONLY | O_CREAT | O_APPEND, static_cast<mode_t>(mode)));
  if (!fd) return fail_errno(errno, about("append to", path));
  ssize_t count = 0;
  do {
    count = ::write(fd.get(), bytes.data(), bytes.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0) return fail_errno(errno, about("append to", path));
  if (static_cast<std::size_t>(count) != bytes.size()) {
    return fail(Code::exhausted, about("append to", path) + ": only a part could be written");
  }
  return {};
}

Result<void> remove_file(const Path& path) {
  if (::unlink(path.c_str()) == 0 || means_absent(errno)) return {};
  return fail_errno(errno, about("remove", path));
}

Result<void> remove_tree(const Path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (!error || means_absent(error.value())) return {};
  return fail_errno(error.value(), about("remove", path));
}

namespace {

Result<void> set_time(const Path& path, UnixNanos mtime_ns, int flags) {
  const timespec at = timespec_of(mtime_ns);
  const struct timespec times[2] = {at, at};
  if (::utimensat(AT_FDCWD, path.c_str(), times, flags) == 0) return {};
  return fail_errno(errno, about("set the time of", path));
}

}  // namespace

Result<void> touch(const Path& path, UnixNanos mtime_ns) { return set_time(path, mtime_ns, 0); }

Result<void> touch_link(const Path& path, UnixNanos mtime_ns) {
  return set_time(path, mtime_ns, AT_SYMLINK_NOFOLLOW);
}

Result<void> list_directory(const Path& path,
                            const std::function<Result<void>(std::string_view name)>& visit) {
  const Fd directory(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return fail_errno(errno, about("list", path));
  return list_in(directory, path, visit);
}

Result<std::uint64_t> free_space(const Path& path) {
  struct statvfs info{};
  if (::statvfs(path.c_str(), &info) != 0) {
    return fail_errno(errno, about("ask for the free space of", path));
  }
  return static_cast<std::uint64_t>(info.f_bavail) * static_cast<std::uint64_t>(info.f_frsize);
}

Result<std::optional<FileLock>> FileLock::try_lock(const Path& path, int how) {
  for (;;) {
    Fd fd(open_retrying(path, O_RDWR | O_CREAT, 0666));
    if (!fd) return fail_errno(errno, about("open lock", path));
    if (::flock(fd.get(), how | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno == EWOULDBLOCK) return std::nullopt;
      return fail_errno(errno, about("lock", path));
    }
    // A file removed while we waited locks nothing: what counts is the one the name leads to now.
    struct stat held{};
    struct stat named{};
    if (::fstat(fd.get(), &held) != 0) return fail_errno(errno, about("look at lock", path));
    if (::stat(path.c_str(), &named) == 0 && named.st_ino == held.st_ino &&
        named.st_dev == held.st_dev) {
      return FileLock(std::move(fd));
    }
  }
}

Result<std::optional<FileLock>> FileLock::try_acquire(const Path& path) {
  return try_lock(path, LOCK_EX);
}

Result<FileLock> FileLock::acquire(const Path& path, Deadline deadline) {
  return wait_for(path, LOCK_EX, deadline);
}

Result<FileLock> FileLock::share(const Path& path, Deadline deadline) {
  return wait_for(path, LOCK_SH, deadline);
}

Result<FileLock> FileLock::wait_for(const Path& path, int how, Deadline deadline) {
  std::chrono::milliseconds pause(1);
  for (;;) {
    TRY_ASSIGN(std::optional<FileLock> lock, try_lock(path, how));
    if (lock) return std::move(*lock);
    if (deadline.passed()) {
      return fail(Code::timeout, about("lock", path) + ": another process holds it");
    }
    std::this_thread::sleep_for(
        std::min(pause, std::chrono::milliseconds(std::max(1, deadline.left_ms()))));
    pause = std::min(2 * pause, k_lock_pause_max);
  }
}

Result<TempDirectory> TempDirectory::create(std::string_view prefix) {
  const char* base = ::getenv("TMPDIR");
  std::string pattern = base != nullptr && *base == '/' ? base : "/tmp";
  pattern += '/';
  pattern += prefix;
  pattern += "XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    return fail_errno(errno, "make temporary directory " + pattern);
  }
  return TempDirectory(Path(pattern));
}

TempDirectory::~TempDirectory() {
  if (!path_.empty()) static_cast<void>(remove_tree(path_));
}

TempDirectory::TempDirectory(TempDirectory&& other) noexcept
    : path_(std::exchange(other.path_, Path())) {}

}  // namespace sluice::sys
