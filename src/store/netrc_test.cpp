#include "store/netrc.hpp"

#include <doctest/doctest.h>

namespace sluice::store {
namespace {

std::string login(std::string_view netrc, std::string_view host) {
  const auto found = find_login(netrc, host);
  return found ? found->user + ":" + found->password : "(none)";
}

TEST_CASE("the machine's entry, else the default's") {
  constexpr std::string_view k_file =
      "# comment\nmachine a.example login u password p\nmachine b\n  login v\n  password q\n"
      "macdef init\nmachine c login no password no\n\ndefault login d password e\n";
  CHECK(login(k_file, "a.example") == "u:p");
  CHECK(login(k_file, "b") == "v:q");
  CHECK(login(k_file, "c") == "d:e");
  CHECK(login("machine a login u password p", "b") == "(none)");
  CHECK(login("machine a", "a") == "(none)");
  CHECK(login("machine a login", "a") == "(none)");
  CHECK(login("", "a") == "(none)");
}

}  // namespace
}  // namespace sluice::store
