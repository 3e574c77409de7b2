#include "net/proxy.hpp"

#include <doctest/doctest.h>

#include <string>

namespace sluice::net {
namespace {

sys::Environment environment(
    std::initializer_list<std::pair<std::string_view, std::string_view>> set) {
  sys::Environment env;
  for (const auto& [name, value] : set) env.set(name, value);
  return env;
}

std::string way(const sys::Environment& env, std::string_view url) {
  const auto rules = ProxyRules::of(env);
  if (!rules) return "(" + rules.error().message + ")";
  const Url* proxy = rules->proxy_for(*parse_url(url));
  return proxy == nullptr ? "straight" : proxy->authority();
}

TEST_CASE("each scheme has its own proxy, lower case first") {
  const auto env = environment({{"HTTP_PROXY", "http://p:3128"},
                                {"HTTPS_PROXY", "q:3129"},
                                {"https_proxy", "http://r:3130"}});
  CHECK(way(env, "http://s3.example/") == "p:3128");
  CHECK(way(env, "https://s3.example/") == "r:3130");
  CHECK(way({}, "https://s3.example/") == "straight");
  CHECK(way(environment({{"HTTP_PROXY", "p:1"}, {"REQUEST_METHOD", "GET"}}), "http://h/") ==
        "straight");
}

TEST_CASE("who is exempt") {
  const auto env = environment(
      {{"HTTP_PROXY", "p:1"}, {"NO_PROXY", "a.example, .b.example,10.0.0.0/8,c:81,fd00::/8"}});
  for (const char* url :
       {"http://a.example/", "http://x.a.example/", "http://y.b.example/", "http://b.example/",
        "http://10.1.2.3/", "http://c:81/", "http://[fd12::1]/", "http://localhost/",
        "http://127.0.0.9/", "http://[::1]/"}) {
    INFO(url);
    CHECK(way(env, url) == "straight");
  }
  for (const char* url : {"http://aa.example/", "http://11.1.2.3/", "http://c/",
                          "http://nota.example.org/", "http://[fe80::1]/"}) {
    INFO(url);
    CHECK(way(env, url) == "p:1");
  }
  CHECK(way(environment({{"HTTP_PROXY", "p:1"}, {"NO_PROXY", "*"}}), "http://h/") == "straight");
}

TEST_CASE("a proxy that cannot be used is refused by its variable, without its password") {
  const std::string socks =
      way(environment({{"HTTPS_PROXY", "socks5://u:geheim@h:1"}}), "http://h/");
  CHECK(socks.find("HTTPS_PROXY") != std::string::npos);
  CHECK(socks.find("geheim") == std::string::npos);
  const std::string bad = way(environment({{"HTTP_PROXY", "http://u:geheim@h:x"}}), "http://h/");
  CHECK(bad.find("HTTP_PROXY") != std::string::npos);
  CHECK(bad.find("geheim") == std::string::npos);
}

}  // namespace
}  // namespace sluice::net
