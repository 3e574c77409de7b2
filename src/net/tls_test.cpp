#include "net/tls.hpp"

#include <doctest/doctest.h>

namespace sluice::net {
namespace {

sys::TempDirectory temp() { return std::move(*sys::TempDirectory::create("sluice-tls-")); }

void write(const sys::Path& path, std::string_view text) {
  REQUIRE(sys::make_directories(path.parent_path()).has_value());
  REQUIRE(sys::write_file_atomic(path, bytes_of(text)).has_value());
}

TEST_CASE("roots: what is given, then variables, then a hashed directory, then a bundle") {
  const auto place = temp();
  const sys::Path& root = place.path();
  sys::Environment env;
  const auto none = find_roots({}, env, root);
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().code == Code::not_found);
  CHECK(none.error().message.find("SLUICE_CA") != std::string::npos);

  write(root / "etc/ssl/certs/ca-certificates.crt", "x");
  CHECK(find_roots({}, env, root)->file == root / "etc/ssl/certs/ca-certificates.crt");
  write(root / "etc/ssl/certs/0123abcd.0", "x");
  CHECK(find_roots({}, env, root)->directory == root / "etc/ssl/certs");
  write(root / "mine.pem", "x");
  env.set("SSL_CERT_FILE", (root / "mine.pem").string());
  CHECK(find_roots({}, env, root)->file == root / "mine.pem");
  CHECK(find_roots(root / "etc", env, root)->directory == root / "etc");
  const auto gone = find_roots(root / "gone", env, root);
  REQUIRE_FALSE(gone.has_value());
  CHECK(gone.error().message.find("SLUICE_CA") == 0);
}

TEST_CASE("a context is made once, and not from what is no certificate") {
  const auto place = temp();
  write(place.path() / "bad.pem", "no certificate");
  TlsContext bad(place.path() / "bad.pem", {});
  const auto refused = bad.get();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.find("bad.pem") != std::string::npos);
  TlsContext from_directory(place.path(), {});
  const auto first = from_directory.get();
  REQUIRE(first.has_value());
  CHECK(*from_directory.get() == *first);
}

}  // namespace
}  // namespace sluice::net
