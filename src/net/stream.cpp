#include "net/stream.hpp"

#include "net/tls.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

namespace sluice::net {

namespace {

constexpr int k_unsent_max = 256 << 10;

std::unexpected<Error> timed_out(std::string_view doing) {
  return fail(Code::timeout, fmt::format("the deadline passed while {}", doing));
}

std::unexpected<Error> broken(int errno_value, std::string_view doing) {
  auto error = fail_errno(errno_value, doing).error();
  error.code = Code::unavailable;
  return std::unexpected(std::move(error));
}

int as_int(std::size_t size) {
  return static_cast<int>(
      std::min<std::size_t>(size, static_cast<std::size_t>(std::numeric_limits<int>::max())));
}

// The events that came; 0 at the deadline.
Result<short> wait_on(int fd, short events, Deadline deadline) {
  pollfd one{fd, events, 0};
  for (;;) {
    const int count = ::poll(&one, 1, deadline.left_ms());
    if (count > 0) return one.revents;
    if (count == 0 && deadline.passed()) return short{0};
    if (count < 0 && errno != EINTR) return broken(errno, "poll");
  }
}

Result<sys::Fd> connect_one(const SocketAddress& address, Deadline deadline) {
  sys::Fd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return broken(errno, "socket");
  const int on = 1;  // our writes are whole messages: nothing to wait for
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  // What the kernel has taken and not sent is no progress of an upload: it takes little.
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &k_unsent_max, sizeof k_unsent_max);
  const auto* raw = reinterpret_cast<const sockaddr*>(&address.storage);
  if (::connect(fd.get(), raw, address.size) == 0) return fd;
  if (errno != EINPROGRESS) return broken(errno, "connect");
  TRY_ASSIGN(const short events, wait_on(fd.get(), POLLOUT, deadline));
  if (events == 0) return timed_out("connecting");
  int problem = 0;
  socklen_t size = sizeof problem;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &problem, &size) != 0) problem = errno;
  if (problem != 0) return broken(problem, "connect");
  return fd;
}

}  // namespace

Stream::Stream(Stream&& other) noexcept
    : fd_(std::move(other.fd_)),
      tls_(std::exchange(other.tls_, nullptr)),
      observer_(other.observer_) {}

Stream::~Stream() {
  if (tls_ == nullptr) return;
  // One try to say good-bye; nobody waits for the answer.
  if (::SSL_is_init_finished(tls_) == 1) ::SSL_shutdown(tls_);
  ::ERR_clear_error();
  ::SSL_free(tls_);
}

Result<Stream> Stream::connect(const std::vector<SocketAddress>& addresses, Deadline deadline) {
  std::optional<Error> first;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const bool is_last = i + 1 == addresses.size();
    auto fd = connect_one(
        addresses[i], is_last ? deadline : deadline.sooner(Deadline::after(k_connect_each_max)));
    if (fd) return Stream(std::move(*fd));
    if (!first) first = std::move(fd).error();
    if (deadline.passed()) return timed_out("connecting");
  }
  if (!first) return fail(Code::unavailable, "no address to connect to");
  if (first->code == Code::timeout && !deadline.passed()) first->code = Code::unavailable;
  return std::unexpected(std::move(*first));
}

Result<short> Stream::wait(short events, Deadline deadline) {
  const Waiting waiting(observer_);
  TRY_ASSIGN(const short got, wait_on(fd_.get(), events, deadline));
  if (got == 0) return timed_out((events & POLLOUT) != 0 ? "sending" : "waiting for an answer");
  return got;
}

Result<void> Stream::start_tls(ssl_ctx_st* context, const std::string& host, Deadline deadline) {
  ::ERR_clear_error();
  tls_ = ::SSL_new(context);
  if (tls_ == nullptr || ::SSL_set_fd(tls_, fd_.get()) != 1) {
    return fail(Code::io, "TLS: " + tls_problem());
  }
  X509_VERIFY_PARAM* expected = ::SSL_get0_param(tls_);
  if (::X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) != 1) {
    ::ERR_clear_error();
    if (::X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size()) != 1 ||
        ::SSL_ctrl(tls_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                   std::string(host).data()) != 1) {
      return fail(Code::io, "TLS: " + tls_problem());
    }
    ::X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  }
  ::SSL_set_connect_state(tls_);
  return handshake(deadline);
}

Result<void> Stream::handshake(Deadline deadline) {
  for (;;) {
    ::ERR_clear_error();
    const int done = ::SSL_do_handshake(tls_);
    if (done == 1) return {};
    const int why = ::SSL_get_error(tls_, done);
    if (why == SSL_ERROR_WANT_READ) {
      TRY(wait(POLLIN, deadline));
    } else if (why == SSL_ERROR_WANT_WRITE) {
      TRY(wait(POLLOUT, deadline));
    } else {
      const long verdict = ::SSL_get_verify_result(tls_);
      if (verdict != X509_V_OK) {
        return fail(Code::denied, fmt::format("its certificate is not trusted: {}",
                                              ::X509_verify_cert_error_string(verdict)));
      }
      return fail(Code::unavailable, "TLS handshake: " + tls_problem());
    }
  }
}

Result<std::size_t> Stream::read_some(MutableByteView into, Deadline deadline) {
  for (;;) {
    if (tls_ == nullptr) {
      const ssize_t count = ::recv(fd_.get(), into.data(), into.size(), 0);
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EAGAIN && errno != EINTR) return broken(errno, "receive");
      TRY(wait(POLLIN, deadline));
      continue;
    }
    ::ERR_clear_error();
    const int count = ::SSL_read(tls_, into.data(), as_int(into.size()));
    if (count > 0) return static_cast<std::size_t>(count);
    const int why = ::SSL_get_error(tls_, count);
    if (why == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
    if (why == SSL_ERROR_WANT_READ) {
      TRY(wait(POLLIN, deadline));
    } else if (why == SSL_ERROR_WANT_WRITE) {
      TRY(wait(POLLOUT, deadline));
    } else if (why == SSL_ERROR_SYSCALL && errno != 0) {
      return broken(errno, "receive");
    } else {
      return fail(Code::unavailable, "TLS: " + tls_problem());
    }
  }
}

// Bytes of an answer, or an end. Under TLS what came may be the protocol's own.
bool Stream::has_something_to_read() {
  if (tls_ == nullptr) return true;
  ::ERR_clear_error();
  std::byte one{};
  const int count = ::SSL_peek(tls_, &one, 1);
  if (count > 0) return true;
  const int why = ::SSL_get_error(tls_, count);
  ::ERR_clear_error();
  return why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE;
}

Result<std::size_t> Stream::write_some(ByteView bytes, Deadline deadline, bool& interrupted) {
  short wanted = POLLOUT;
  if (tls_ == nullptr) {
    const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) return static_cast<std::size_t>(count);
    interrupted = errno != EAGAIN && errno != EINTR;
  } else {
    ::ERR_clear_error();
    const int count = ::SSL_write(tls_, bytes.data(), as_int(bytes.size()));
    if (count > 0) return static_cast<std::size_t>(count);
    const int why = ::SSL_get_error(tls_, count);
    ::ERR_clear_error();
    if (why == SSL_ERROR_WANT_READ) wanted = POLLIN;
    interrupted = why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE;
  }
  if (interrupted) return std::size_t{0};
  TRY_ASSIGN(const short got, wait(static_cast<short>(wanted | POLLIN), deadline));
  if ((got & POLLOUT) == 0 && wanted == POLLOUT) interrupted = has_something_to_read();
  return std::size_t{0};
}

Result<std::size_t> Stream::write_all(ByteView bytes, Deadline deadline) {
  bool interrupted = false;
  std::size_t sent = 0;
  while (sent < bytes.size() && !interrupted) {
    if (deadline.passed()) return timed_out("sending");
    TRY_ASSIGN(const std::size_t count, write_some(bytes.subspan(sent), deadline, interrupted));
    sent += count;
  }
  return sent;
}

Result<bool> Stream::wait_readable(Deadline deadline) {
  for (;;) {
    if (tls_ != nullptr && ::SSL_pending(tls_) > 0) return true;
    const Waiting waiting(observer_);
    TRY_ASSIGN(const short got, wait_on(fd_.get(), POLLIN, deadline));
    if (got == 0) return false;
    if (has_something_to_read()) return true;
  }
}

bool Stream::is_quiet() {
  const auto readable = wait_on(fd_.get(), POLLIN, Deadline::after(std::chrono::milliseconds(0)));
  if (!readable) return false;
  return *readable == 0 || (*readable == POLLIN && !has_something_to_read());
}

}  // namespace sluice::net
