// A small HTTP server for the tests of this room and of the stores: it answers what it is told.
//
// Part of the tests. Listens on a free loopback port from its making to its end; each connection
// has a thread, all are joined at the end. It reads requests with a length and no chunks, and keeps
// connections open. The real servers stand in tests/integration.
#pragma once

#include "base/bytes.hpp"
#include "base/strings.hpp"
#include "sys/fd.hpp"
#include "sys/process.hpp"

#include <doctest/doctest.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sluice::net::testing {

struct Asked {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// The whole answer as text; empty hangs up.
using Answer = std::function<std::string(const Asked&)>;

inline std::string answer(int status, std::string_view body = "", std::string_view headers = "") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

class Server {
 public:
  explicit Server(Answer answer) : answer_(std::move(answer)) {
    sys::ignore_write_signals();  // as the program does
    listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&any), sizeof any) == 0);
    REQUIRE(::listen(listener_.get(), 64) == 0);
    socklen_t size = sizeof any;
    REQUIRE(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&any), &size) == 0);
    port_ = ntohs(any.sin_port);
    accepting_ = std::thread([this] { accept(); });
  }
  ~Server() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    accepting_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Who asks before sending a body gets the answer in place of "100 Continue".
  std::atomic<bool> refuses_bodies = false;
  // "100 Continue" comes so late, also to who did not ask; until then nothing of the body is taken.
  std::atomic<int> continues_after_ms = 0;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_; }
  std::vector<Asked> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  // As a server does that has waited long enough for the next request.
  void hang_up() {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }

 private:
  void accept() {
    for (;;) {
      sys::Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!fd) return;
      ++connections_;
      const std::lock_guard lock(mutex_);
      open_.push_back(fd.get());
      threads_.emplace_back([this, fd = std::move(fd)] { serve(fd.get()); });
    }
  }

  void serve(int fd) {
    std::string waiting;
    for (;;) {
      Asked asked;
      if (!read_head(fd, waiting, asked) || !read_body(fd, waiting, asked)) break;
      {
        const std::lock_guard lock(mutex_);
        asked_.push_back(asked);
      }
      const std::string text = answer_(asked);
      if (text.empty() || !sys::write_all(fd, bytes_of(text))) break;
      if (text.find("Connection: close") != std::string::npos) break;
    }
    ::shutdown(fd, SHUT_RDWR);
    const std::lock_guard lock(mutex_);
    std::erase(open_, fd);
  }

  static bool read_more(int fd, std::string& waiting) {
    Bytes piece(64U << 10U);
    const auto count = sys::read_some(fd, piece);
    if (!count || *count == 0) return false;
    waiting += text_of(ByteView(piece).first(*count));
    return true;
  }

  static bool read_head(int fd, std::string& waiting, Asked& asked) {
    std::size_t end = 0;
    while ((end = waiting.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more(fd, waiting)) return false;
    }
    const std::string head = waiting.substr(0, end);
    waiting.erase(0, end + 4);
    const auto lines = split(head, '\n');
    const auto words = split(trim(lines.front()), ' ');
    asked.method = words.at(0);
    asked.target = words.at(1);
    for (std::size_t i = 1; i < lines.size(); ++i) {
      const std::size_t colon = lines[i].find(':');
      asked.headers[to_lower(lines[i].substr(0, colon))] = trim(lines[i].substr(colon + 1));
    }
    return true;
  }

  bool read_body(int fd, std::string& waiting, Asked& asked) const {
    const auto length = asked.headers.find("content-length");
    const std::size_t size =
        length == asked.headers.end() ? 0 : parse_int<std::size_t>(length->second).value_or(0);
    if (size > 0 && (asked.headers.contains("expect") || continues_after_ms > 0)) {
      if (refuses_bodies) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(continues_after_ms));
      if (!sys::write_all(fd, bytes_of("HTTP/1.1 100 Continue\r\n\r\n"))) return false;
    }
    while (waiting.size() < size) {
      if (!read_more(fd, waiting)) return false;
    }
    asked.body = waiting.substr(0, size);
    waiting.erase(0, size);
    return true;
  }

  Answer answer_;
  sys::Fd listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::thread accepting_;
  mutable std::mutex mutex_;
  std::vector<std::thread> threads_;
  std::vector<int> open_;
  std::vector<Asked> asked_;
};

}  // namespace sluice::net::testing
