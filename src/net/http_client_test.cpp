#include "net/http_client.hpp"

#include "net/testing.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>

namespace sluice::net {
namespace {

using testing::answer;
using testing::Asked;
using testing::Server;

Deadline soon() { return Deadline::after(std::chrono::seconds(20)); }

Request request(const Server& server, std::string_view path, std::string_view method = "GET") {
  Request made;
  made.method = method;
  made.url = *parse_url(server.url() + std::string(path));
  return made;
}

HttpClient client(std::size_t connections_max = k_connections_max) {
  HttpOptions options;
  options.connections_max = connections_max;
  return {options, {}};
}

TEST_CASE("requests share one connection, bodies go both ways") {
  const Server server([](const Asked& asked) { return answer(200, asked.method + asked.body); });
  HttpClient http = client();
  const auto first = http.send(request(server, "/a?x=1"), soon());
  REQUIRE(first.has_value());
  CHECK(text_of(first->body) == "GET");
  Request put = request(server, "/b", "PUT");
  put.bytes = bytes_of("hello");
  put.headers.emplace_back("If-None-Match", "*");
  CHECK(text_of(http.send(put, soon())->body) == "PUThello");
  const std::string large(3'000'000, 'x');
  Request streamed = request(server, "/c", "PUT");
  streamed.expect_continue = true;
  streamed.body_size = large.size();
  streamed.body = [&](std::uint64_t at, MutableByteView into) -> Result<void> {
    CHECK(into.size() <= k_io_piece);
    std::ranges::copy(bytes_of(large).subspan(static_cast<std::size_t>(at), into.size()),
                      into.begin());
    return {};
  };
  std::string got;
  streamed.sink = [&](ByteView piece) -> Result<void> {
    got += text_of(piece);
    return {};
  };
  REQUIRE(http.send(streamed, soon()).has_value());
  CHECK(got == "PUT" + large);
  CHECK(http.send(request(server, "/d", "DELETE"), soon()).has_value());
  CHECK(server.connections() == 1);
  const auto asked = server.asked();
  REQUIRE(asked.size() == 4);
  CHECK(asked[0].target == "/a?x=1");
  CHECK(asked[1].headers.at("if-none-match") == "*");
  CHECK("http://" + asked[0].headers.at("host") == server.url());
}

TEST_CASE("a kept connection that was closed is replaced without a word") {
  Server server([](const Asked&) { return answer(200, "x"); });
  HttpClient http = client();
  for (int i = 0; i < 3; ++i) {
    REQUIRE(http.send(request(server, "/"), soon()).has_value());
    server.hang_up();
  }
  CHECK(server.connections() == 3);
}

TEST_CASE("one that dies while it is asked is asked once more, a fresh one is not") {
  std::atomic<int> count = 0;
  const Server server([&](const Asked&) {
    return ++count % 2 == 0 ? std::string() : answer(200, "x");  // the second one hangs up
  });
  HttpClient http = client();
  REQUIRE(http.send(request(server, "/"), soon()).has_value());
  REQUIRE(http.send(request(server, "/"), soon()).has_value());
  CHECK(count == 3);
  const Server dead([](const Asked&) { return std::string(); });
  const auto failed = http.send(request(dead, "/secret-path"), soon());
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == Code::unavailable);
  CHECK(failed.error().message.find(dead.url()) == 0);
  CHECK(failed.error().message.find("secret") == std::string::npos);
}

TEST_CASE("no more connections than allowed, and nobody waits for ever") {
  const Server server([](const Asked& asked) {
    if (asked.target == "/slow") std::this_thread::sleep_for(std::chrono::milliseconds(300));
    return answer(200, "x");
  });
  HttpClient http = client(2);
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] { CHECK(http.send(request(server, "/slow"), soon()).has_value()); });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(server.connections() <= 2);
  const auto late =
      http.send(request(server, "/slow"), Deadline::after(std::chrono::milliseconds(50)));
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code == Code::timeout);
}

TEST_CASE("a refusal is read although the body was not taken") {
  const Server server([](const Asked&) { return answer(403, "no"); });
  HttpClient http = client();
  Request put = request(server, "/", "PUT");
  put.collect_max = 1;  // of what was asked for, not of what is said instead
  put.bytes = bytes_of("x");
  const auto refused = http.send(put, soon());
  REQUIRE(refused.has_value());
  CHECK(refused->head.status == 403);
  CHECK(text_of(refused->body) == "no");
}

TEST_CASE("a body that is refused when asked for is not sent") {
  Server server([](const Asked&) { return answer(412); });
  server.refuses_bodies = true;
  HttpClient http = client();
  Request put = request(server, "/", "PUT");
  put.expect_continue = true;
  put.body_size = 10U << 20U;
  int reads = 0;
  put.body = [&](std::uint64_t, MutableByteView) -> Result<void> {
    ++reads;
    return {};
  };
  const auto refused = http.send(put, soon());
  REQUIRE(refused.has_value());
  CHECK(refused->head.status == 412);
  CHECK(reads == 0);
  // The connection owes a body: it is not used again.
  REQUIRE(http.send(request(server, "/"), soon()).has_value());
  CHECK(server.connections() == 2);
}

TEST_CASE("a leave to send that comes late, or unasked, is no answer") {
  Server server([](const Asked& asked) { return answer(200, std::to_string(asked.body.size())); });
  HttpClient http = client();
  Request put = request(server, "/", "PUT");
  SUBCASE("later than the client waits") {
    put.expect_continue = true;
    server.continues_after_ms = 1300;
  }
  SUBCASE("unasked") { server.continues_after_ms = 200; }
  const Bytes much(32U << 20U);  // more than the socket takes meanwhile
  put.bytes = much;
  for (int i = 0; i < 2; ++i) {
    const auto done = http.send(put, soon());
    REQUIRE(done.has_value());
    CHECK(done->head.status == 200);
    CHECK(text_of(done->body) == std::to_string(much.size()));
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("bounds and the caller's own errors") {
  const Server server([](const Asked&) { return answer(200, std::string(1000, 'x')); });
  HttpClient http = client();
  Request bounded = request(server, "/");
  bounded.collect_max = 999;
  const auto refused = http.send(bounded, soon());
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Code::exhausted);
  Request stopped = request(server, "/");
  stopped.sink = [](ByteView) -> Result<void> { return fail(Code::cancelled, "enough"); };
  CHECK(http.send(stopped, soon()).error().message == "enough");
  Request split = request(server, "/");
  split.headers.emplace_back("X", "a\r\nB: c");
  CHECK(http.send(split, soon()).error().code == Code::invalid);
}

TEST_CASE("plain HTTP goes through a proxy whole, with its password") {
  const Server proxy([](const Asked&) { return answer(200, "through"); });
  sys::Environment env;
  env.set("HTTP_PROXY", "http://u:p@" + proxy.url().substr(7));
  const auto options = HttpOptions::of(env);
  REQUIRE(options.has_value());
  HttpClient http(*options, env);
  Request far;
  far.url = *parse_url("http://store.example/x?y");
  const auto got = http.send(far, soon());
  REQUIRE_MESSAGE(got.has_value(), (got ? "" : got.error().message));
  CHECK(text_of(got->body) == "through");
  CHECK(proxy.asked().front().target == "http://store.example/x?y");
  CHECK(proxy.asked().front().headers.at("proxy-authorization") == basic_authorization("u", "p"));
  CHECK(basic_authorization("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST_CASE("a proxy that opens no tunnel is named") {
  const Server proxy([](const Asked&) { return answer(407, "who?"); });
  sys::Environment env;
  env.set("HTTPS_PROXY", proxy.url());
  HttpClient http(*HttpOptions::of(env), env);
  Request far;
  far.url = *parse_url("https://store.example/x");
  const auto got = http.send(far, soon());
  REQUIRE_FALSE(got.has_value());
  CHECK(got.error().code == Code::denied);
  CHECK(got.error().message.find("proxy " + proxy.url()) != std::string::npos);
  CHECK(proxy.asked().front().method == "CONNECT");
  CHECK(proxy.asked().front().target == "store.example:443");
}

TEST_CASE("roots that are not there are refused by their variable") {
  sys::Environment env;
  env.set("SLUICE_CA", "/no/such/file.pem");
  const auto options = HttpOptions::of(env);
  REQUIRE_FALSE(options.has_value());
  CHECK(options.error().message.find("SLUICE_CA") == 0);
}

}  // namespace
}  // namespace sluice::net
