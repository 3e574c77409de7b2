#include "store/store_url.hpp"

#include "store/objects.hpp"

#include <doctest/doctest.h>

#include <string>

namespace sluice::store {
namespace {

std::string path_of(std::string_view text) {
  const auto url = parse_store_url(text);
  return url ? url->path.native() : "(" + url.error().message + ")";
}

std::string refusal(std::string_view text, Code code = Code::invalid) {
  const auto url = parse_store_url(text);
  if (url) return "(accepted)";
  CHECK(url.error().code == code);
  CHECK(url.error().message.find('\n') == std::string::npos);
  return url.error().message;
}

TEST_CASE("a folder's URL in all its spellings") {
  CHECK(path_of("file:///srv/ci") == "/srv/ci");
  CHECK(path_of("file://localhost/srv/ci") == "/srv/ci");
  CHECK(path_of("FILE:///srv/ci/") == "/srv/ci");
  CHECK(path_of("file:///srv//x/../ci/.") == "/srv/ci");
  CHECK(path_of("file:///tmp/a%20b%25/%C3%A4") == "/tmp/a b%/\xc3\xa4");
  CHECK(path_of("file:///tmp/a b") == "/tmp/a b");
  const auto one = parse_store_url("file:///srv//ci/");
  const auto two = parse_store_url("file:///srv/c%69");
  REQUIRE((one && two));
  CHECK(one->identity() == two->identity());
  CHECK(one->identity() == "file:///srv/ci");
}

TEST_CASE("a URL made of a path leads back to it") {
  for (const std::string path : {"/srv/ci", "/tmp/a b%/\xc3\xa4#?", "/x:y@z"}) {
    CHECK(path_of(file_url(path)) == path);
  }
  CHECK(file_url("/tmp/a b%") == "file:///tmp/a%20b%25");
}

TEST_CASE("what is no URL of a folder is refused in one line that says how to write it") {
  for (const std::string_view text :
       {"", "/srv/ci", "srv", "file:", "file:/srv", "file://", "file:///", "file:///.",
        "file://host/srv", "file://srv", "file:///srv?x=1", "file:///srv#x", "file:///a%2",
        "file:///a%zz", "file:///a%00b", "file:///a\nb", "://x", "1x://y"}) {
    INFO(text);
    CHECK_FALSE(refusal(text).empty());
    CHECK(refusal(text) != "(accepted)");
  }
  CHECK_FALSE(parse_store_url("file:///" + std::string(k_store_url_size_max, 'x')).has_value());
}

TEST_CASE("a bucket with and without a prefix") {
  const auto url = parse_store_url("s3://ci-cache/a//b/");
  REQUIRE(url.has_value());
  CHECK(url->scheme == "s3");
  CHECK(url->bucket == "ci-cache");
  CHECK(url->prefix == "a/b");
  CHECK(url->is_remote());
  CHECK(url->identity() == "s3://ci-cache/a/b");
  CHECK(parse_store_url("S3://ci-cache")->identity() == "s3://ci-cache");
  for (const std::string_view text : {"s3://", "s3:///x", "s3://b c", "s3://key:secret@b/x",
                                      "s3://b/../c", "s3://b/x%20y", "s3://b?x=y", "s3://b/#"}) {
    INFO(text);
    CHECK(refusal(text) != "(accepted)");
    CHECK(refusal(text).find("secret") == std::string::npos);
  }
}

TEST_CASE("a web server") {
  const auto url = parse_store_url("https://Cache.example:8443/go/");
  REQUIRE(url.has_value());
  CHECK(url->web.host == "cache.example");
  CHECK(url->prefix == "go");
  CHECK(url->identity() == "https://cache.example:8443/go");
  CHECK(parse_store_url("http://h:80")->identity() == "http://h");
  CHECK(refusal("https://h/a?x=y") != "(accepted)");
  CHECK(refusal("https://h/a b") != "(accepted)");
  const std::string line = refusal("https://user:secret@host/");
  CHECK(line.find("secret") == std::string::npos);
  CHECK(line.find("SLUICE_TOKEN") != std::string::npos);
}

TEST_CASE("a server of Bazel's protocol") {
  const auto url = parse_store_url("Bazel+HTTP://Cache.example:8080/ci/");
  REQUIRE(url.has_value());
  CHECK(url->bazel);
  CHECK(url->is_remote());
  CHECK(url->scheme == "http");
  CHECK(url->prefix == "ci");
  CHECK(url->identity() == "bazel+http://cache.example:8080/ci");
  CHECK(parse_store_url(url->identity())->bazel);
  CHECK_FALSE(parse_store_url("http://h")->bazel);
  CHECK(refusal("bazel+https://user:secret@h/").find("secret") == std::string::npos);
  CHECK(refusal("bazel+ftp://h/", Code::unsupported) != "(accepted)");
}

TEST_CASE(
    "other schemes are unsupported and their URLs, which may hold secrets, are not repeated") {
  for (const std::string_view text : {"gs://key:secret@bucket/prefix", "ftp://secret"}) {
    const std::string line = refusal(text, Code::unsupported);
    CHECK(line.find("secret") == std::string::npos);
    CHECK(line.find("file:///") != std::string::npos);
  }
  CHECK(refusal("user:secret@host/dir").find("secret") == std::string::npos);
  StoreUrl other;
  other.scheme = "gs";
  const auto objects = open_objects(other, {});
  REQUIRE_FALSE(objects.has_value());
  CHECK(objects.error().code == Code::unsupported);
}

}  // namespace
}  // namespace sluice::store
