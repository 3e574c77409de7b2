#include "base/digest.hpp"
#include "sys/file.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace sluice::sys {
namespace {

// A collision of 64 random bits means that something else is wrong.
constexpr int k_temp_attempts_max = 4;

std::string random_name() {
  std::array<std::byte, 8> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    // Before the pool is ready or without the call: the clock and our id differ between processes.
    const auto mixed =
        static_cast<std::uint64_t>(unix_now_ns()) ^ (static_cast<std::uint64_t>(::getpid()) << 40U);
    std::memcpy(bytes.data(), &mixed, sizeof mixed);
  }
  return std::string(k_temp_prefix) + to_hex(bytes);
}

std::string about(std::string_view what, const Path& path) {
  return std::string(what) + " " + path.native();
}

}  // namespace

Result<AtomicFile> AtomicFile::create(const Path& target, std::uint32_t mode,
                                      const Path& directory_for_temp) {
  const Path directory = directory_for_temp.empty() ? target.parent_path() : directory_for_temp;
  AtomicFile file;
  file.target_ = target;
  for (int attempt = 0; attempt < k_temp_attempts_max; ++attempt) {
    Path temp = directory / random_name();
    const int fd =
        ::open(temp.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(mode));
    if (fd >= 0) {
      file.fd_.reset(fd);
      file.temp_ = std::move(temp);
      return file;
    }
    if (errno != EEXIST && errno != EINTR) return fail_errno(errno, about("create", temp));
  }
  return fail(Code::io, about("create a temporary file beside", target) + ": no free name");
}

AtomicFile::~AtomicFile() {
  if (!temp_.empty()) ::unlink(temp_.c_str());
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : fd_(std::move(other.fd_)),
      target_(std::exchange(other.target_, Path())),
      temp_(std::exchange(other.temp_, Path())) {}

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  if (this == &other) return *this;
  if (!temp_.empty()) ::unlink(temp_.c_str());
  fd_ = std::move(other.fd_);
  target_ = std::exchange(other.target_, Path());
  temp_ = std::exchange(other.temp_, Path());
  return *this;
}

Result<void> AtomicFile::write(ByteView bytes) {
  auto written = write_all(fd_.get(), bytes);
  if (!written) return std::unexpected(std::move(written).error().in(temp_.native()));
  return {};
}

// Network file systems report a full disk only now, so what close(2) says decides.
Result<void> AtomicFile::close_file() {
  if (temp_.empty()) return fail(Code::io, about("publish", target_) + ": published already");
  if (!fd_) return {};
  const int fd = fd_.release();
  if (::close(fd) == 0 || errno == EINTR) return {};
  return fail_errno(errno, about("close", temp_));
}

Result<void> AtomicFile::commit() { return commit_as(target_); }

Result<void> AtomicFile::commit_as(const Path& target) {
  TRY(close_file());
  if (::rename(temp_.c_str(), target.c_str()) != 0) {
    return fail_errno(errno, about("publish", target));
  }
  temp_.clear();
  return {};
}

Result<bool> AtomicFile::commit_if_absent() {
  TRY(close_file());
  if (::renameat2(AT_FDCWD, temp_.c_str(), AT_FDCWD, target_.c_str(), RENAME_NOREPLACE) == 0) {
    temp_.clear();
    return true;
  }
  if (errno == EEXIST) return false;
  if (errno != EINVAL && errno != ENOSYS && errno != EPERM) {
    return fail_errno(errno, about("publish", target_));
  }
  // A file system without RENAME_NOREPLACE (NFS among others): link(2) never replaces either. The
  // temporary name goes with the object.
  if (::link(temp_.c_str(), target_.c_str()) == 0) return true;
  if (errno == EEXIST) return false;
  return fail_errno(errno, about("publish", target_));
}

Result<void> write_file_atomic(const Path& path, ByteView bytes, std::uint32_t mode) {
  TRY_ASSIGN(AtomicFile file, AtomicFile::create(path, mode));
  TRY(file.write(bytes));
  return file.commit();
}

Result<void> ensure_symlink(const Path& path, const Path& target) {
  std::error_code error;
  if (std::filesystem::read_symlink(path, error) == target) return {};
  const Path fresh = path.native() + "." + std::to_string(::getpid()) + ".tmp";
  std::filesystem::create_symlink(target, fresh, error);
  if (error) return fail_errno(error.value(), "make a link " + fresh.native());
  if (std::rename(fresh.c_str(), path.c_str()) == 0) return {};
  const int reason = errno;
  (void)remove_file(fresh);
  return fail_errno(reason, "make a link " + path.native());
}

}  // namespace sluice::sys
