#include "sys/unix_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

namespace sluice::sys {
namespace {

constexpr int k_backlog_max = 256;
constexpr std::chrono::milliseconds k_connect_pause(1);

std::string about(std::string_view what, const Path& path) {
  return std::string(what) + " " + path.native();
}

// An address, and the descriptor that a long path is spelled with while it is used.
struct Address {
  sockaddr_un raw{};
  Fd directory;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&raw); }
};

Result<Address> address_of(const Path& path) {
  Address address;
  address.raw.sun_family = AF_UNIX;
  std::string name = path.native();
  if (name.size() >= sizeof address.raw.sun_path) {
    // Too long for the field: the kernel follows its directory's descriptor just as well.
    address.directory.reset(::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!address.directory) return fail_errno(errno, about("open the directory of", path));
    name =
        "/proc/self/fd/" + std::to_string(address.directory.get()) + "/" + path.filename().native();
  }
  if (name.size() >= sizeof address.raw.sun_path || path.empty()) {
    return fail(Code::invalid, about("socket", path) + ": the name is too long for a socket");
  }
  std::memcpy(address.raw.sun_path, name.data(), name.size());
  return address;
}

Result<void> set_blocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0) return fail_errno(errno, "fcntl");
  return {};
}

}  // namespace

Result<Fd> listen_unix(const Path& path) {
  TRY_ASSIGN(const Address address, address_of(path));
  TRY(remove_file(path));
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno, "make a socket");
  // On Linux the mode of the unbound socket becomes the mode of the file: no moment in between.
  ::fchmod(fd.get(), 0600);
  if (::bind(fd.get(), address.get(), sizeof address.raw) != 0) {
    return fail_errno(errno, about("bind", path));
  }
  if (::chmod(path.c_str(), 0600) != 0) return fail_errno(errno, about("set the mode of", path));
  if (::listen(fd.get(), k_backlog_max) != 0) return fail_errno(errno, about("listen on", path));
  return fd;
}

Result<std::optional<Fd>> connect_unix(const Path& path, Deadline deadline) {
  auto address = address_of(path);
  if (!address) {
    if (address.error().code == Code::not_found) return std::nullopt;
    return std::unexpected(std::move(address).error());
  }
  // Non-blocking, because a full backlog blocks connect(2) without a bound.
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno(errno, "make a socket");
  while (::connect(fd.get(), address->get(), sizeof address->raw) != 0) {
    const int reason = errno;
    if (reason == ENOENT || reason == ENOTDIR || reason == ECONNREFUSED) return std::nullopt;
    if (reason == EINTR) continue;
    if (reason != EAGAIN) return fail_errno(reason, about("connect to", path));
    if (deadline.passed()) {
      return fail(Code::timeout, about("connect to", path) + ": its queue stayed full");
    }
    std::this_thread::sleep_for(k_connect_pause);
  }
  TRY(set_blocking(fd.get()));
  return fd;
}

Result<std::optional<Fd>> accept_unix(int listener, Deadline deadline) {
  for (;;) {
    TRY_ASSIGN(const bool ready, wait_readable(listener, deadline));
    if (!ready) return std::nullopt;
    Fd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (fd) return fd;
    // The client gave up meanwhile, or another thread was faster.
    const bool again = errno == EINTR || errno == ECONNABORTED || errno == EAGAIN;
    if (!again) return fail_errno(errno, "accept a connection");
  }
}

Result<Peer> peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return fail_errno(errno, "ask who is at the other end of a socket");
  }
  return Peer{.pid = credentials.pid, .uid = credentials.uid};
}

Result<std::size_t> send_some(int socket, ByteView bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ByteView left = bytes.subspan(sent);
    const ssize_t count = ::send(socket, left.data(), left.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
      sent += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      return fail_errno(errno, "send");
    }
  }
  return sent;
}

}  // namespace sluice::sys
