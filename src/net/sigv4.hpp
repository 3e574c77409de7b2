// AWS Signature Version 4 for requests with an Authorization header.
//
// Pure functions; any thread. Checked against what botocore signs (tests/corpus/sigv4). Nothing
// here fails. Credentials are secrets: they are never part of a message.
#pragma once

#include "base/deadline.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::net {

// In place of the payload's SHA-256 where TLS protects it already.
inline constexpr std::string_view k_unsigned_payload = "UNSIGNED-PAYLOAD";

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // empty: a long-lived key
};

struct ToSign {
  std::string method;
  std::string path;  // percent-encoded, as it is sent: S3 signs it as it is
  std::vector<std::pair<std::string, std::string>> query;    // decoded, in any order
  std::vector<std::pair<std::string, std::string>> headers;  // all that are signed, host included
  std::string payload_hash;  // lower-case hex, or k_unsigned_payload
};

struct SigningScope {
  std::string region;
  std::string service = "s3";
  UnixNanos now_ns = 0;
};

// "20261124T145055Z"
std::string amz_date(UnixNanos now_ns);
// name=value joined by '&', sorted and encoded as it is signed: to be sent so too.
std::string canonical_query(std::vector<std::pair<std::string, std::string>> query);
std::string canonical_request(const ToSign& request);

// The headers to add: x-amz-date, x-amz-content-sha256, x-amz-security-token where there is one,
// and Authorization, which covers all of these and request.headers.
std::vector<std::pair<std::string, std::string>> sign(const ToSign& request,
                                                      const Credentials& credentials,
                                                      const SigningScope& scope);

}  // namespace sluice::net
