#include "net/url.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

namespace sluice::net {
namespace {

TEST_CASE("a URL comes apart") {
  const auto url = parse_url("HTTPS://a%40b:p%3Aw@Host.Example:8443/x/y%20z?q=1&r");
  REQUIRE(url.has_value());
  CHECK(url->tls);
  CHECK(url->host == "host.example");
  CHECK(url->port == 8443);
  CHECK(url->path == "/x/y%20z");
  CHECK(url->query == "q=1&r");
  CHECK(url->user == "a@b");
  CHECK(url->password == "p:w");
  CHECK(url->authority() == "host.example:8443");
  CHECK(url->origin() == "https://host.example:8443");
  CHECK(url->target() == "/x/y%20z?q=1&r");
}

TEST_CASE("defaults: the scheme's port, the root path, no user") {
  const auto url = parse_url("http://h");
  REQUIRE(url.has_value());
  CHECK(url->port == 80);
  CHECK(url->path == "/");
  CHECK_FALSE(url->has_userinfo);
  CHECK(url->authority() == "h");
  CHECK(parse_url("https://h:443/")->authority() == "h");
  CHECK(parse_url("http://[::1]:9000/b")->authority() == "[::1]:9000");
  CHECK(parse_url("http://[::1]:9000/b")->host == "::1");
  CHECK(parse_url("http://h?x=1")->target() == "/?x=1");
}

TEST_CASE("what is no such URL is refused without repeating it") {
  for (const std::string text :
       {"", "h", "ftp://h/", "http://", "http:///x", "http://:80", "http://h:", "http://h:0",
        "http://h:65536", "http://h:x", "http://[::1", "http://[::1]x", "http://a b/",
        "http://h/\r\nX: y", "http://h/#f", "http://%zz@h/", "http://h\\x/"}) {
    INFO(text);
    const auto url = parse_url(text);
    REQUIRE_FALSE(url.has_value());
    CHECK(url.error().code == Code::invalid);
  }
  const auto secret = parse_url("http://user:geheim@h:x/");
  REQUIRE_FALSE(secret.has_value());
  CHECK(secret.error().message.find("geheim") == std::string::npos);
}

TEST_CASE("percent-encoding leads back") {
  CHECK(percent_encode("a/b c~") == "a%2Fb%20c~");
  CHECK(percent_encode("a/b c~", Slash::kept) == "a/b%20c~");
  CHECK_FALSE(percent_decode("a%2").has_value());
  CHECK(rc::check([](const std::string& text) {
    return percent_decode(percent_encode(text)) == std::optional(text);
  }));
}

}  // namespace
}  // namespace sluice::net
