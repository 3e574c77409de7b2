// An owned file descriptor, and whole reads and writes on one.
//
// Fd closes what it owns; it is moved, never copied, and belongs to one thread at a time. All
// functions retry EINTR. Every descriptor that sluice opens is close-on-exec.
#pragma once

#include "base/bytes.hpp"
#include "base/deadline.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

namespace sluice::sys {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { reset(); }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

Result<void> write_all(int fd, ByteView bytes);
// As write_all at a file offset; the file position does not move.
Result<void> write_all_at(int fd, ByteView bytes, std::uint64_t offset);
// Fills `buffer` from the file offset; fewer bytes only at end of file. Returns the count.
Result<std::size_t> read_at(int fd, MutableByteView buffer, std::uint64_t offset);
// One read: 0 at end of file.
Result<std::size_t> read_some(int fd, MutableByteView buffer);
// Fills `buffer` whole; Code::unavailable at an early end of file.
Result<void> read_exact(int fd, MutableByteView buffer);
// Waits until `fd` is readable or the deadline passes; false on the latter.
Result<bool> wait_readable(int fd, Deadline deadline);

}  // namespace sluice::sys
