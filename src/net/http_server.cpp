#include "net/http_server.hpp"

#include "base/deadline.hpp"
#include "sys/fd.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

namespace sluice::net {

namespace {

namespace http = boost::beast::http;
using BoostError = boost::beast::error_code;
using BoostText = boost::beast::string_view;

constexpr int k_backlog = 64;
constexpr int k_bad_request = 400;
constexpr int k_not_allowed = 405;

class RequestReader final : public http::basic_parser<true> {
 public:
  RequestReader() { header_limit(k_request_head_size_max); }
  ServerRequest request;

 private:
  void on_request_impl(http::verb, BoostText method, BoostText target, int, BoostError&) override {
    request.method.assign(method.data(), method.size());
    request.target.assign(target.data(), target.size());
  }
  void on_response_impl(int, BoostText, int, BoostError&) override {}
  void on_field_impl(http::field, BoostText, BoostText, BoostError&) override {}
  void on_header_impl(BoostError&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, BoostError&) override {}
  std::size_t on_body_impl(BoostText body, BoostError&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, BoostText, BoostError&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BoostText body, BoostError&) override {
    return body.size();
  }
  void on_finish_impl(BoostError&) override {}
};

std::string_view reason_of(int status) {
  const auto text = http::obsolete_reason(static_cast<http::status>(status));
  return {text.data(), text.size()};
}

// One connection: requests one after the other.
class Connection final : public Responder {
 public:
  Connection(int fd, const ServerHandler& handler) : fd_(fd), handler_(handler) {}

  void serve() {
    while (serve_one()) {
    }
  }

  Result<void> head(int status, std::string_view content_type, std::uint64_t size) override {
    has_head_ = true;
    left_ = size;
    std::string text =
        fmt::format("HTTP/1.1 {} {}\r\nContent-Length: {}\r\n", status, reason_of(status), size);
    if (!content_type.empty()) text += fmt::format("Content-Type: {}\r\n", content_type);
    if (!stays_) text += "Connection: close\r\n";
    return send(bytes_of(text + "\r\n"));
  }

  Result<void> body(ByteView bytes) override {
    if (bytes.size() > left_) return fail(Code::invalid, "more of an answer than was told");
    left_ -= bytes.size();
    return is_head_only_ ? Result<void>() : send(bytes);
  }

 private:
  // False when the connection is to end.
  bool serve_one() {
    RequestReader reader;
    if (!read(reader)) return false;
    const bool has_body = reader.content_length().value_or(0) > 0 || reader.chunked();
    is_head_only_ = reader.request.method == "HEAD";
    stays_ = reader.keep_alive() && !has_body;
    has_head_ = false;
    if (reader.request.method != "GET" && !is_head_only_) {
      stays_ = false;
      (void)text(k_not_allowed, "GET and HEAD only");
      return false;
    }
    handler_(reader.request, *this);
    return stays_ && has_head_ && (left_ == 0 || is_head_only_) && !is_broken_;
  }

  bool read(RequestReader& reader) {
    const Deadline deadline = Deadline::after(k_server_idle_max);
    while (!reader.is_header_done()) {
      if (!buffer_.empty()) {
        BoostError error;
        const std::size_t used =
            reader.put(boost::asio::const_buffer(buffer_.data(), buffer_.size()), error);
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(used));
        if (reader.is_header_done()) break;
        if (error && error != http::error::need_more) return refuse();
      }
      std::array<std::byte, 4096> piece{};
      pollfd one{fd_, POLLIN, 0};
      const int ready = ::poll(&one, 1, deadline.left_ms());
      if (ready < 0 && errno == EINTR) continue;
      if (ready <= 0) return false;
      const auto count = ::recv(fd_, piece.data(), piece.size(), 0);
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (count <= 0) return false;
      buffer_.insert(buffer_.end(), piece.begin(), piece.begin() + count);
    }
    return true;
  }

  bool refuse() {
    stays_ = false;
    (void)text(k_bad_request, "no HTTP request");
    return false;
  }

  Result<void> send(ByteView bytes) {
    const Deadline deadline = Deadline::after(k_server_write_max);
    while (!bytes.empty()) {
      const auto count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count > 0) {
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        continue;
      }
      if (count < 0 && errno == EINTR) continue;
      pollfd one{fd_, POLLOUT, 0};
      const bool may_come = count < 0 && errno == EAGAIN;
      if (!may_come || ::poll(&one, 1, deadline.left_ms()) <= 0) {
        is_broken_ = true;
        return fail(Code::unavailable, "nobody reads the answer");
      }
    }
    return {};
  }

  int fd_;
  const ServerHandler& handler_;
  Bytes buffer_;
  std::uint64_t left_ = 0;
  bool has_head_ = false;
  bool is_head_only_ = false;
  bool stays_ = true;
  bool is_broken_ = false;
};

}  // namespace

Result<void> Responder::text(int status, std::string_view line) {
  const std::string whole = std::string(line) + "\n";
  TRY(head(status, "text/plain; charset=utf-8", whole.size()));
  return body(bytes_of(whole));
}

struct HttpServer::State {
  struct Served {
    sys::Fd fd;
    std::atomic<bool> is_done = false;
    std::thread thread;
  };

  ServerHandler handler;
  sys::Fd listener;
  std::uint16_t port = 0;
  std::mutex mutex;
  bool is_stopped = false;
  std::list<Served> served;
  std::thread accepting;

  void accept() {
    for (;;) {
      sys::Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
      const int problem = errno;
      const std::lock_guard lock(mutex);
      if (is_stopped) return;
      if (!fd && (problem == EINTR || problem == ECONNABORTED)) continue;
      if (!fd) {  // no descriptors, no memory: nobody shall wait for an answer
        listener.reset();
        return;
      }
      join_done();
      // Above the bound the caller finds its connection closed.
      if (served.size() < k_server_connections_max) add(std::move(fd));
    }
  }

  void add(sys::Fd fd) {
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Served& one = served.emplace_back();
    one.fd = std::move(fd);
    one.thread = std::thread([this, &one] {
      Connection(one.fd.get(), handler).serve();
      ::shutdown(one.fd.get(), SHUT_RDWR);
      one.is_done = true;
    });
  }

  void join_done() {
    std::erase_if(served, [](Served& one) {
      if (!one.is_done) return false;
      one.thread.join();
      return true;
    });
  }
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<HttpServer> HttpServer::start(ServerHandler handler) {
  auto state = std::make_unique<State>();
  state->handler = std::move(handler);
  state->listener.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!state->listener) return fail_errno(errno, "socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (::bind(state->listener.get(), raw, size) != 0) return fail_errno(errno, "bind to loopback");
  if (::listen(state->listener.get(), k_backlog) != 0) return fail_errno(errno, "listen");
  if (::getsockname(state->listener.get(), raw, &size) != 0)
    return fail_errno(errno, "getsockname");
  state->port = ntohs(address.sin_port);
  state->accepting = std::thread([at = state.get()] { at->accept(); });
  return HttpServer(std::move(state));
}

HttpServer::~HttpServer() {
  if (state_) stop();
}

HttpServer::HttpServer(HttpServer&&) noexcept = default;

std::uint16_t HttpServer::port() const { return state_->port; }

void HttpServer::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->is_stopped = true;
    for (State::Served& one : state_->served) ::shutdown(one.fd.get(), SHUT_RDWR);
    if (state_->listener) ::shutdown(state_->listener.get(), SHUT_RDWR);
  }
  if (state_->accepting.joinable()) state_->accepting.join();
  for (State::Served& one : state_->served) {
    if (one.thread.joinable()) one.thread.join();
  }
  state_->served.clear();
}

}  // namespace sluice::net
