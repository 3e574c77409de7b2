#include "sys/fd.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace sluice::sys {

void Fd::reset(int fd) {
  // close(2) is not repeated after EINTR: Linux has freed the descriptor by then.
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Result<void> write_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return fail_errno(errno, "write");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> write_all_at(int fd, ByteView bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0) {
      if (errno == EINTR) continue;
      return fail_errno(errno, "write");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<std::size_t> read_at(int fd, MutableByteView buffer, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < buffer.size()) {
    const MutableByteView rest = buffer.subspan(done);
    const ssize_t count = ::pread(fd, rest.data(), rest.size(), static_cast<off_t>(offset + done));
    if (count < 0) {
      if (errno == EINTR) continue;
      return fail_errno(errno, "read");
    }
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

Result<std::size_t> read_some(int fd, MutableByteView buffer) {
  for (;;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return fail_errno(errno, "read");
  }
}

Result<void> read_exact(int fd, MutableByteView buffer) {
  while (!buffer.empty()) {
    TRY_ASSIGN(const std::size_t count, read_some(fd, buffer));
    if (count == 0) return fail(Code::unavailable, "read: the other side ended early");
    buffer = buffer.subspan(count);
  }
  return {};
}

Result<bool> wait_readable(int fd, Deadline deadline) {
  for (;;) {
    pollfd item{.fd = fd, .events = POLLIN, .revents = 0};
    const int count = ::poll(&item, 1, deadline.left_ms());
    if (count > 0) return true;
    if (count < 0 && errno != EINTR) return fail_errno(errno, "poll");
    if (deadline.passed()) return false;
  }
}

}  // namespace sluice::sys
