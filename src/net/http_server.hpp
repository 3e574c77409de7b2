// A small HTTP/1.1 server on loopback, for the tools of this machine and user: GET and HEAD.
//
// The server owns its threads: one that accepts, one for each connection, at most connections_max
// of them; all are joined at its end, so handlers must end soon after stop() cuts their
// connections. Handlers run on any of them, several at once. Whatever is no such request is
// answered by the server itself (400, 405) and the connection closed.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "net/response_parser.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::net {

inline constexpr std::size_t k_server_connections_max = 64;
inline constexpr std::size_t k_request_head_size_max = 16U << 10U;
inline constexpr auto k_server_idle_max = std::chrono::seconds(60);   // between two requests
inline constexpr auto k_server_write_max = std::chrono::seconds(60);  // for one piece of an answer

struct ServerRequest {
  std::string method;  // GET or HEAD
  std::string target;  // as it came: path and query
};

// One answer: the head once, then the body. A body that ends before the size that was told cuts the
// connection, so that nobody takes it for whole.
class Responder {
 public:
  virtual ~Responder() = default;
  // `size`: of the body. To HEAD the body is not sent.
  virtual Result<void> head(int status, std::string_view content_type, std::uint64_t size) = 0;
  // Code::unavailable: nobody reads any more.
  virtual Result<void> body(ByteView bytes) = 0;

  // A whole answer of a line of text.
  Result<void> text(int status, std::string_view line);
};

using ServerHandler = std::function<void(const ServerRequest&, Responder&)>;

class HttpServer {
 public:
  // Listens on a free port of 127.0.0.1 when it returns.
  static Result<HttpServer> start(ServerHandler handler);
  ~HttpServer();
  HttpServer(HttpServer&&) noexcept;  // what is left can only be destroyed
  HttpServer& operator=(HttpServer&&) = delete;

  std::uint16_t port() const;
  // No new request; those that are answered are cut off.
  void stop();

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::net
