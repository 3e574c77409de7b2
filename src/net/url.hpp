// http(s) URLs taken apart, and percent-encoding.
//
// Values and pure functions; any thread. A URL may carry a password: only origin() and what is
// built from it may reach a message. Errors are Code::invalid and never repeat the text.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::net {

inline constexpr std::size_t k_url_size_max = 8192;

struct Url {
  bool tls = false;
  std::string host;        // lower case; an IPv6 address without brackets
  std::uint16_t port = 0;  // never 0 after parsing
  std::string path = "/";  // begins with '/', percent-encoding as it was written
  std::string query;       // without '?', as it was written
  std::string user;        // decoded
  std::string password;    // decoded
  bool has_userinfo = false;

  std::string authority() const;  // host, and the port where it is not the scheme's own
  std::string origin() const;     // "https://host:port", no secret in it
  std::string target() const;     // path?query, as a request line has it
};

// "http://[user[:password]@]host[:port][/path][?query]"; a fragment is refused.
Result<Url> parse_url(std::string_view text);

enum class Slash { kept, encoded };
// RFC 3986: everything but [A-Za-z0-9._~-] becomes %XX, as AWS signs it.
std::string percent_encode(std::string_view text, Slash slash = Slash::encoded);
// Nothing when a '%' is not followed by two hex digits.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace sluice::net
