#include "agent/connection.hpp"

#include <sys/socket.h>
#include <sys/time.h>

namespace sluice::agent {

Connection::Connection(sys::Fd socket) : socket_(std::move(socket)) {
  const timeval wait{.tv_sec = std::chrono::seconds(k_send_wait).count(), .tv_usec = 0};
  // Without it a stopped peer could hold one fetching thread.
  (void)::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
}

bool Connection::send(const Bytes& frame) {
  const std::lock_guard lock(send_mutex_);
  if (sys::write_all(socket_.get(), frame)) return true;
  ::shutdown(socket_.get(), SHUT_RDWR);
  return false;
}

Result<std::optional<Frame>> Connection::receive() {
  for (;;) {
    TRY_ASSIGN(std::optional<Frame> frame, reader_.next());
    if (frame) return frame;
    TRY_ASSIGN(const bool more, reader_.fill(socket_.get()));
    if (!more) return std::nullopt;
  }
}

void Connection::hang_up() { ::shutdown(socket_.get(), SHUT_RDWR); }

}  // namespace sluice::agent
