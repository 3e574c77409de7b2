#include "net/response_parser.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace sluice::net {
namespace {

struct Seen {
  int status = 0;
  std::string body;
  bool done = false;
  bool keeps_alive = false;
  std::string error;
};

// The response in pieces of `step` bytes, as a socket may give it.
Seen read(const std::string& text, std::size_t step, bool no_body = false) {
  Seen seen;
  ResponseParser parser(no_body);
  parser.set_sink([&](ByteView piece) -> Result<void> {
    seen.body += text_of(piece);
    return {};
  });
  std::string waiting;
  for (std::size_t at = 0; at < text.size() && !parser.is_done();) {
    const std::size_t count = std::min(step, text.size() - at);
    waiting += text.substr(at, count);
    at += count;
    for (;;) {
      const bool head_done = parser.is_head_done();
      const auto used = parser.put(bytes_of(waiting));
      if (!used) {
        seen.error = used.error().message;
        return seen;
      }
      waiting.erase(0, *used);
      if (head_done == parser.is_head_done() || parser.is_done()) break;
    }
  }
  if (!parser.is_done()) {
    if (const auto ended = parser.end(); !ended) seen.error = ended.error().message;
  }
  seen.status = parser.head().status;
  seen.done = parser.is_done();
  if (seen.done) seen.keeps_alive = parser.keeps_alive();
  return seen;
}

TEST_CASE("a body with a length, in chunks, and to the end of the connection") {
  const std::string chunked =
      "HTTP/1.1 206 Partial\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n "
      "world\r\n0\r\n\r\n";
  for (const std::size_t step : {1U, 2U, 7U, 1000U}) {
    INFO(step);
    const Seen sized =
        read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\nhello", step);
    CHECK(sized.status == 200);
    CHECK(sized.body == "hello");
    CHECK(sized.done);
    CHECK(sized.keeps_alive);
    CHECK(read(chunked, step).body == "hello world");
    CHECK(read(chunked, step).keeps_alive);
    const Seen to_end = read("HTTP/1.0 200 OK\r\n\r\nhello", step);
    CHECK(to_end.body == "hello");
    CHECK(to_end.done);
    CHECK_FALSE(to_end.keeps_alive);
  }
}

TEST_CASE("an empty body in chunks, however it comes") {
  for (std::size_t step = 1; step < 60; ++step) {
    INFO(step);
    const Seen seen = read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", step);
    CHECK(seen.done);
    CHECK(seen.error.empty());
    CHECK(seen.body.empty());
  }
}

TEST_CASE("answers without a body") {
  CHECK(read("HTTP/1.1 204 No Content\r\n\r\n", 3).done);
  CHECK(read("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 3).done);
  CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", 3, true).done);
  CHECK_FALSE(
      read("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 3).keeps_alive);
}

TEST_CASE("what is cut, wrong or too long is an error") {
  CHECK_FALSE(read("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", 4).error.empty());
  CHECK_FALSE(read("HTTP/1.1 200 OK\r\nContent-", 4).error.empty());
  CHECK_FALSE(read("SSH-2.0-OpenSSH_9\r\n", 4).error.empty());
  CHECK_FALSE(read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 4)
                  .error.empty());
  const std::string long_header(k_response_head_size_max, 'x');
  CHECK_FALSE(read("HTTP/1.1 200 OK\r\nX: " + long_header + "\r\n\r\n", 4096).error.empty());
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (std::size_t i = 0; i <= k_response_headers_max; ++i) many += "A: b\r\n";
  CHECK_FALSE(read(many + "\r\n", 4096).error.empty());
}

TEST_CASE("headers are found whatever their case") {
  ResponseParser parser(true);
  REQUIRE(parser.put(bytes_of("HTTP/1.1 200 OK\r\nX-Amz-Bucket-Region: eu\r\n\r\n")).has_value());
  REQUIRE(parser.is_head_done());
  CHECK(parser.head().header("x-amz-bucket-region") == std::optional<std::string_view>("eu"));
  CHECK_FALSE(parser.head().header("x-amz").has_value());
}

TEST_CASE("a date of HTTP") {
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777'000000000);
  for (const char* text :
       {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT+1", "1994-11-06T08:49:37Z",
        "Tue, 24 Nov 226 14:50:05 GMT", "Tue, 24 Nov 2260 14:50:05 GMT"}) {
    CHECK_FALSE(parse_http_date(text).has_value());
  }
}

TEST_CASE("an error of the sink comes out as it is") {
  ResponseParser parser(false);
  const ByteView bytes = bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  const auto head = parser.put(bytes);
  REQUIRE(head.has_value());
  REQUIRE(parser.is_head_done());
  parser.set_sink([](ByteView) -> Result<void> { return fail(Code::cancelled, "enough"); });
  const auto body = parser.put(bytes.subspan(*head));
  REQUIRE_FALSE(body.has_value());
  CHECK(body.error().code == Code::cancelled);
  CHECK(body.error().message == "enough");
}

}  // namespace
}  // namespace sluice::net
