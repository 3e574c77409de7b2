#include "agent/connection.hpp"

#include <doctest/doctest.h>

#include <sys/socket.h>

#include <array>
#include <thread>

namespace sluice::agent {
namespace {

struct Pair {
  Pair() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    here = std::make_unique<Connection>(sys::Fd(ends[0]));
    there.reset(ends[1]);
  }
  std::unique_ptr<Connection> here;
  sys::Fd there;
};

TEST_CASE("frames come in order and the end is told") {
  Pair pair;
  REQUIRE(sys::write_all(pair.there.get(), encode_miss(1)));
  REQUIRE(sys::write_all(pair.there.get(), encode_miss(2)));
  CHECK(decode_number((*pair.here->receive())->payload) == 1U);
  CHECK(decode_number((*pair.here->receive())->payload) == 2U);
  pair.there.reset();
  CHECK(!pair.here->receive()->has_value());
  CHECK(!pair.here->send(encode_miss(3)));
}

TEST_CASE("a peer that does not read costs a bounded wait") {
  Pair pair;
  const Bytes frame = encode_text(Type::reply, std::string(1U << 20U, 'x'));
  const auto begin = std::chrono::steady_clock::now();
  bool sent = true;
  for (int i = 0; i < 4 && sent; ++i) sent = pair.here->send(frame);
  CHECK(!sent);
  CHECK(std::chrono::steady_clock::now() - begin < 4 * k_send_wait);
}

TEST_CASE("hang_up ends a receive in progress") {
  Pair pair;
  std::thread other([&pair] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    pair.here->hang_up();
  });
  CHECK(!pair.here->receive()->has_value());
  other.join();
}

}  // namespace
}  // namespace sluice::agent
