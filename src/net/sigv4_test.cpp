#include "net/sigv4.hpp"

#include "codec/json.hpp"
#include "sys/file.hpp"

#include <doctest/doctest.h>

#include <string>

namespace sluice::net {
namespace {

using codec::Json;

std::vector<std::pair<std::string, std::string>> pairs_of(const Json* list) {
  std::vector<std::pair<std::string, std::string>> pairs;
  REQUIRE((list != nullptr && list->as_array() != nullptr));
  for (const Json& pair : *list->as_array()) {
    REQUIRE((pair.as_array() != nullptr && pair.as_array()->size() == 2));
    pairs.emplace_back(*(*pair.as_array())[0].as_string(), *(*pair.as_array())[1].as_string());
  }
  return pairs;
}

std::string value_of(const std::vector<std::pair<std::string, std::string>>& headers,
                     std::string_view name) {
  for (const auto& [each, value] : headers) {
    if (each == name) return value;
  }
  return "";
}

TEST_CASE("every request is signed as botocore signs it") {
  const auto bytes = sys::read_file(SLUICE_SIGV4_VECTORS, 1U << 20U);
  REQUIRE((bytes && *bytes));
  const auto json = codec::parse_json(text_of(**bytes));
  REQUIRE(json.has_value());
  const Json* vectors = json->find("vectors");
  REQUIRE((vectors != nullptr && vectors->as_array() != nullptr));
  CHECK(vectors->as_array()->size() >= 12);
  for (const Json& vector : *vectors->as_array()) {
    const std::string name = vector.text_or("name", "");
    INFO(name);
    const Credentials credentials{vector.text_or("access_key", ""),
                                  vector.text_or("secret_key", ""),
                                  vector.text_or("session_token", "")};
    const SigningScope scope{vector.text_or("region", ""), vector.text_or("service", ""),
                             json->int_or("unix_s", 0) * 1'000'000'000};
    ToSign request{vector.text_or("method", ""), vector.text_or("path", ""),
                   pairs_of(vector.find("query")), pairs_of(vector.find("headers")),
                   vector.text_or("payload_hash", "")};
    const auto added = sign(request, credentials, scope);
    CHECK(value_of(added, "Authorization") == vector.text_or("authorization", "?"));
    CHECK(value_of(added, "x-amz-content-sha256") == request.payload_hash);
    for (const auto& header : added) {
      if (header.first != "Authorization") request.headers.push_back(header);
    }
    CHECK(canonical_request(request) == vector.text_or("canonical_request", "?"));
  }
}

TEST_CASE("a long secret key is hashed first, and no secret is in what is sent") {
  const Credentials credentials{"AKID", std::string(200, 's'), ""};
  const ToSign request{"GET", "/", {}, {{"host", "h"}}, std::string(k_unsigned_payload)};
  for (const auto& [name, value] : sign(request, credentials, {"r", "s3", 0})) {
    CHECK(value.find("sss") == std::string::npos);
    CHECK(name != "x-amz-security-token");
  }
  CHECK(amz_date(0) == "19700101T000000Z");
}

}  // namespace
}  // namespace sluice::net
