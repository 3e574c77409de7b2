#include "net/http_server.hpp"

#include "net/http_client.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <future>
#include <string>
#include <thread>

namespace sluice::net {
namespace {

Deadline soon() { return Deadline::after(std::chrono::seconds(60)); }

Result<Response> get(HttpClient& client, const HttpServer& server, const std::string& target,
                     const std::string& method = "GET") {
  Request request;
  request.method = method;
  request.url = parse_url("http://127.0.0.1:" + std::to_string(server.port()) + target).value();
  return client.send(request, soon());
}

// What the server says to these bytes, until it hangs up.
std::string talk(const HttpServer& server, std::string_view bytes,
                 const std::function<void()>& on_sent = nullptr) {
  const sys::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(sys::write_all(fd.get(), bytes_of(bytes)));
  if (on_sent) on_sent();
  std::string answer;
  char piece[4096];
  for (;;) {
    const auto count = ::recv(fd.get(), piece, sizeof piece, 0);
    if (count <= 0) return answer;
    answer.append(piece, static_cast<std::size_t>(count));
  }
}

HttpServer echo() {
  auto server = HttpServer::start([](const ServerRequest& request, Responder& responder) {
    if (request.target == "/silent") return;
    if (request.target == "/cut") {
      (void)responder.head(200, "text/plain", 100);
      (void)responder.body(bytes_of("short"));
      return;
    }
    (void)responder.text(request.target == "/none" ? 404 : 200, request.target);
  });
  REQUIRE(server);
  return std::move(*server);
}

}  // namespace

TEST_CASE("http server: answers, one after the other and at once") {
  auto server = echo();
  HttpClient client({}, {});
  const auto answer = get(client, server, "/a?b");
  REQUIRE(answer);
  CHECK(answer->head.status == 200);
  CHECK(text_of(answer->body) == "/a?b\n");
  CHECK(get(client, server, "/none")->head.status == 404);
  const auto head = get(client, server, "/abc", "HEAD");
  REQUIRE(head);
  CHECK(head->head.content_length == 5);
  CHECK(head->body.empty());
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 20; ++n) {
        const std::string target = "/" + std::to_string(i) + "/" + std::to_string(n);
        const auto one = get(client, server, target);
        if (one && text_of(one->body) == target + "\n") ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 160);
}

TEST_CASE("http server: what ends early is not taken for whole") {
  auto server = echo();
  HttpClient client({}, {});
  CHECK_FALSE(get(client, server, "/cut"));
  CHECK_FALSE(get(client, server, "/silent"));
  CHECK(get(client, server, "/after")->head.status == 200);
}

TEST_CASE("http server: what is no request of ours is refused and hung up on") {
  auto server = echo();
  CHECK(talk(server, "hello\r\n\r\n").starts_with("HTTP/1.1 400 "));
  CHECK(talk(server, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            .starts_with("HTTP/1.1 405 "));
  CHECK(talk(server,
             "GET /" + std::string(k_request_head_size_max, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n")
            .starts_with("HTTP/1.1 400 "));
  const std::string once = talk(server, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(once.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(once.ends_with("\r\n\r\n/x\n"));
  // One with a body is answered, and nothing of the body taken for a request.
  const std::string body = talk(
      server, "GET /y HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\nGET /z HTTP/1.1\r\n\r\n");
  CHECK(body.ends_with("\r\n\r\n/y\n"));
}

TEST_CASE("http server: stop cuts who is connected") {
  auto server = echo();
  std::promise<void> sent;
  std::thread waiting([&] {
    CHECK(talk(server, "GET /half HTTP/1.1\r\n", [&sent] { sent.set_value(); }).empty());
  });
  sent.get_future().wait();
  HttpClient client({}, {});
  CHECK(get(client, server, "/")->head.status == 200);
  server.stop();
  waiting.join();
  CHECK_FALSE(get(client, server, "/"));
}

}  // namespace sluice::net
