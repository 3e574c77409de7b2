#include "net/resolver.hpp"

#include <doctest/doctest.h>

#include <netinet/in.h>

namespace sluice::net {
namespace {

Deadline soon() { return Deadline::after(std::chrono::seconds(20)); }

TEST_CASE("addresses are taken as they are, names come from the system") {
  Resolver resolver;
  const auto v4 = resolver.resolve("127.0.0.1", 8080, soon());
  REQUIRE(v4.has_value());
  REQUIRE(v4->size() == 1);
  CHECK(v4->front().storage.ss_family == AF_INET);
  const auto v6 = resolver.resolve("::1", 8080, soon());
  REQUIRE(v6.has_value());
  CHECK(v6->front().storage.ss_family == AF_INET6);
  const auto name = resolver.resolve("localhost", 80, soon());
  REQUIRE(name.has_value());
  CHECK_FALSE(name->empty());
  CHECK(resolver.resolve("localhost", 80, soon()).has_value());  // from memory
  resolver.forget("localhost", 80);
}

TEST_CASE("a name without an address is an error that says so") {
  Resolver resolver;
  const auto none = resolver.resolve("no-such-host.invalid", 80, soon());
  REQUIRE_FALSE(none.has_value());
  CHECK((none.error().code == Code::unavailable || none.error().code == Code::timeout));
  CHECK(none.error().message.find("no-such-host.invalid") != std::string::npos);
}

TEST_CASE("nobody waits past the deadline") {
  Resolver resolver;
  const auto late =
      resolver.resolve("no-such-host.invalid", 80, Deadline::after(std::chrono::milliseconds(-1)));
  CHECK_FALSE(late.has_value());
}

}  // namespace
}  // namespace sluice::net
