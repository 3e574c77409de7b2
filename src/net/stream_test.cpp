#include "net/stream.hpp"

#include <doctest/doctest.h>

#include <netinet/in.h>
#include <unistd.h>

#include <thread>

namespace sluice::net {
namespace {

Deadline in_ms(int ms) { return Deadline::after(std::chrono::milliseconds(ms)); }

struct Listener {
  Listener() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&any), sizeof any) == 0);
    REQUIRE(::listen(fd.get(), 8) == 0);
    socklen_t size = sizeof any;
    REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&any), &size) == 0);
    port = ntohs(any.sin_port);
  }
  std::vector<SocketAddress> addresses() const {
    Resolver resolver;
    return *resolver.resolve("127.0.0.1", port, in_ms(1000));
  }
  sys::Fd accept() const { return sys::Fd(::accept4(fd.get(), nullptr, nullptr, SOCK_CLOEXEC)); }
  sys::Fd fd;
  std::uint16_t port = 0;
};

TEST_CASE("bytes go both ways and an end is seen") {
  const Listener listener;
  auto stream = Stream::connect(listener.addresses(), in_ms(5000));
  REQUIRE(stream.has_value());
  sys::Fd peer = listener.accept();
  CHECK(*stream->write_all(bytes_of("hello"), in_ms(5000)) == 5);
  Bytes got(5);
  REQUIRE(sys::read_exact(peer.get(), got).has_value());
  CHECK(text_of(got) == "hello");
  CHECK(stream->is_quiet());
  REQUIRE(sys::write_all(peer.get(), bytes_of("world")).has_value());
  CHECK(*stream->wait_readable(in_ms(5000)));
  CHECK_FALSE(stream->is_quiet());
  Bytes into(100);
  CHECK(*stream->read_some(into, in_ms(5000)) == 5);
  peer.reset();
  CHECK(*stream->read_some(into, in_ms(5000)) == 0);
}

TEST_CASE("every wait ends at its deadline") {
  const Listener listener;
  auto stream = Stream::connect(listener.addresses(), in_ms(5000));
  REQUIRE(stream.has_value());
  sys::Fd peer = listener.accept();
  Bytes into(100);
  const auto read = stream->read_some(into, in_ms(30));
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().code == Code::timeout);
  CHECK_FALSE(*stream->wait_readable(in_ms(30)));
  const Bytes much(64U << 20U);  // more than any socket buffer
  const auto written = stream->write_all(much, in_ms(60));
  REQUIRE_FALSE(written.has_value());
  CHECK(written.error().code == Code::timeout);
}

TEST_CASE("who answers before it took everything interrupts the sending") {
  const Listener listener;
  auto stream = Stream::connect(listener.addresses(), in_ms(5000));
  REQUIRE(stream.has_value());
  sys::Fd peer = listener.accept();
  REQUIRE(sys::write_all(peer.get(), bytes_of("no")).has_value());
  const Bytes much(64U << 20U);
  CHECK(*stream->write_all(much, in_ms(5000)) < much.size());
}

TEST_CASE("nobody there is unavailable, and the next address is tried") {
  std::vector<SocketAddress> dead;
  {
    const Listener gone;
    dead = gone.addresses();
  }
  const auto refused = Stream::connect(dead, in_ms(5000));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Code::unavailable);
  const Listener listener;
  dead.push_back(listener.addresses().front());
  CHECK(Stream::connect(dead, in_ms(5000)).has_value());
}

}  // namespace
}  // namespace sluice::net
