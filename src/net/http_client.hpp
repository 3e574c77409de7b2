// A blocking HTTP/1.1 client: one call is one request and its answer, over connections that stay.
//
// One client serves a process; any thread, several at once. Every call ends at its deadline. At
// most connections_max connections are open; a call waits for one of them. The process ignores
// SIGPIPE. A connection that was
// kept and turns out to be dead before any byte of an answer came is replaced once, silently.
// Redirects are not followed, cookies not kept. A status is no error: the caller reads it. Errors
// name the origin, never path, query or header: Code::timeout, Code::denied (certificate),
// Code::unavailable, Code::corrupt (no HTTP), Code::exhausted (body above collect_max),
// Code::invalid (a header with a control character); those of on_head, sink and body as they are.
#pragma once

#include "base/bytes.hpp"
#include "base/deadline.hpp"
#include "base/result.hpp"
#include "codec/zstd.hpp"
#include "net/proxy.hpp"
#include "net/response_parser.hpp"
#include "net/url.hpp"
#include "net/wait_observer.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace sluice::net {

inline constexpr std::size_t k_connections_max = 32;
inline constexpr auto k_idle_max = std::chrono::seconds(20);      // servers hang up soon after
inline constexpr auto k_connect_max = std::chrono::seconds(5);    // name, TCP, proxy and TLS
inline constexpr auto k_continue_wait = std::chrono::seconds(1);  // for "100 Continue"
inline constexpr std::uint64_t k_collect_default = 64U << 10U;
inline constexpr std::uint64_t k_stall_bytes_min = 1024;
inline constexpr std::size_t k_io_piece = 256U << 10U;
inline constexpr std::size_t k_early_answers_max = 8;  // 1xx before the answer

// Fills `into` from the position of the body; from 0 again when the request is sent again.
using BodyReader = std::function<Result<void>(std::uint64_t position, MutableByteView into)>;

struct Request {
  std::string method = "GET";
  Url url;
  Headers headers;  // but Host, Content-Length, Connection, Expect

  // The body: what `body` reads, else `bytes`; neither is owned.
  BodyReader body;
  std::uint64_t body_size = 0;  // of `body`
  ByteView bytes;
  bool expect_continue = false;  // ask before sending the body

  bool use_proxy = true;

  // Longest time in which fewer than k_stall_bytes_min of the answer come; past it the call ends
  // with Code::unavailable, because another connection may do better. 0: only the deadline counts.
  std::chrono::milliseconds stall_max{0};

  // The body of an answer 2xx goes to the sink where there is one; every other body is collected.
  std::function<Result<void>(const ResponseHead&)> on_head;  // of 2xx, before the body
  codec::ByteSink sink;
  std::uint64_t collect_max = k_collect_default;  // of 2xx; others are cut at k_collect_default
};

struct Response {
  ResponseHead head;
  Bytes body;
};

struct HttpOptions {
  ProxyRules proxies;
  sys::Path roots;  // SLUICE_CA; empty: the system's
  std::size_t connections_max = k_connections_max;
  std::string user_agent = "sluice";

  // Proxies and SLUICE_CA from the environment, checked. Code::invalid names the variable.
  static Result<HttpOptions> of(const sys::Environment& env);
};

// Requests sent so far, repeated ones included, as a bill has them: those that read (GET, HEAD) and
// all others.
struct RequestCounts {
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
};

class HttpClient {
 public:
  HttpClient(HttpOptions options, const sys::Environment& env);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  Result<Response> send(const Request& request, Deadline deadline);
  // Who is told of waits for the other side; before the first request.
  void observe_waits(WaitObserver observer);
  const WaitObserver* wait_observer() const;  // for waits between requests; the client's
  // Opens one more connection to this origin, if there may be one, and keeps it for a request.
  Result<void> warm_up(const Url& url, Deadline deadline);
  RequestCounts requests() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// "Basic …" of user and password, for Authorization.
std::string basic_authorization(std::string_view user, std::string_view password);

}  // namespace sluice::net
