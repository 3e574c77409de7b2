#include "gotool/goproxy.hpp"

#include <doctest/doctest.h>

namespace sluice::gotool {

TEST_CASE("GOPROXY: ours before the user's list, and without it again") {
  const std::string url = "http://127.0.0.1:4711/sluice-modules-00ff";
  const std::string list = "https://a.example,https://b.example|direct";
  const std::string set = goproxy_with(url, list, list);
  CHECK(set == url + "|" + list);
  CHECK(goproxy_without(set) == list);
  const std::string unset = goproxy_with(url, std::nullopt, "https://goenv.example");
  CHECK(unset == url + "/unset|https://goenv.example");
  CHECK(goproxy_without(unset) == std::nullopt);
  CHECK(goproxy_with(url, "", "") == url + "/unset|direct");
  for (const std::string other : {"off", "http://127.0.0.1:80/sluice|direct", "direct", ""}) {
    CHECK(goproxy_without(other) == other);
  }
}

}  // namespace sluice::gotool
