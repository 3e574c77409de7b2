// One TCP connection, plain or under TLS, with a Deadline on every wait.
//
// Owned by whoever made it; one thread at a time. The socket is non-blocking and closed on exec.
// Errors: Code::timeout at the deadline, Code::denied for a certificate that is not trusted,
// Code::unavailable for everything else that ends a connection; none names the host.
#pragma once

#include "base/bytes.hpp"
#include "base/deadline.hpp"
#include "base/result.hpp"
#include "net/resolver.hpp"
#include "net/wait_observer.hpp"
#include "sys/fd.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

struct ssl_ctx_st;
struct ssl_st;

namespace sluice::net {

// Of several addresses each but the last gets this long.
inline constexpr auto k_connect_each_max = std::chrono::milliseconds(1500);

class Stream {
 public:
  static Result<Stream> connect(const std::vector<SocketAddress>& addresses, Deadline deadline);
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) = delete;
  ~Stream();

  // From now on its waits are told to the observer, which outlives the stream.
  void observe(const WaitObserver* observer) { observer_ = observer; }

  // The certificate must be of `host`, a name or an address. The context outlives the stream.
  Result<void> start_tls(ssl_ctx_st* context, const std::string& host, Deadline deadline);

  // 0: the other side has ended.
  Result<std::size_t> read_some(MutableByteView into, Deadline deadline);
  // How many were sent: fewer than all when the other side answered or hung up before it took them;
  // reading tells.
  Result<std::size_t> write_all(ByteView bytes, Deadline deadline);
  // False at the deadline.
  Result<bool> wait_readable(Deadline deadline);
  // Nothing has come and nobody has hung up: fit for the next request.
  bool is_quiet();

 private:
  explicit Stream(sys::Fd fd) : fd_(std::move(fd)) {}
  Result<std::size_t> write_some(ByteView bytes, Deadline deadline, bool& interrupted);
  Result<short> wait(short events, Deadline deadline);
  bool has_something_to_read();
  Result<void> handshake(Deadline deadline);

  sys::Fd fd_;
  ssl_st* tls_ = nullptr;
  const WaitObserver* observer_ = nullptr;
};

}  // namespace sluice::net
