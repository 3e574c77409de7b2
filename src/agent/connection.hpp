// One session or command connected to the agent: reads its frames, answers from any thread.
//
// The connection's own thread runs serve(); answers to lookups come from the fetcher's threads
// through send(), which never waits longer than k_send_wait. Shared by the agent and pending
// answers.
#pragma once

#include "agent/messages.hpp"
#include "sys/fd.hpp"

#include <memory>
#include <mutex>

namespace sluice::agent {

inline constexpr auto k_send_wait = std::chrono::seconds(2);

class Connection {
 public:
  explicit Connection(sys::Fd socket);

  // False when the peer is gone or does not read: the connection is of no use any more.
  bool send(const Bytes& frame);
  // The next frame; nothing at the end.
  Result<std::optional<Frame>> receive();
  void hang_up();  // ends a receive() in progress

 private:
  sys::Fd socket_;
  std::mutex send_mutex_;
  FrameReader reader_{k_frame_bytes_max};
};

}  // namespace sluice::agent
