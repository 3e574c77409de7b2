#include "net/url.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::net {

namespace {

constexpr std::uint16_t k_http_port = 80;
constexpr std::uint16_t k_https_port = 443;

std::unexpected<Error> bad(std::string_view why) {
  return fail(Code::invalid, fmt::format("the URL {}", why));
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// What may stand in a request line; a blank or a control character would end or split it.
bool is_plain(char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<void> read_userinfo(Url& url, std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto user = percent_decode(text.substr(0, colon));
  const auto password =
      percent_decode(colon == std::string_view::npos ? "" : text.substr(colon + 1));
  if (!user || !password) return bad("has a '%' that is not followed by two hex digits");
  url.user = *user;
  url.password = *password;
  url.has_userinfo = true;
  return {};
}

Result<void> read_port(Url& url, std::string_view text) {
  const auto port = parse_int<std::uint16_t>(text);
  if (!port || *port == 0) return bad("has no port from 1 to 65535 after ':'");
  url.port = *port;
  return {};
}

Result<void> read_host(Url& url, std::string_view text) {
  url.port = url.tls ? k_https_port : k_http_port;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return bad("has a '[' without a ']'");
    url.host = to_lower(text.substr(1, end - 1));
    rest = text.substr(end + 1);
    if (!std::ranges::all_of(
            url.host, [](char c) { return is_letter_or_digit(c) || c == ':' || c == '.'; })) {
      return bad("has no IPv6 address between '[' and ']'");
    }
  } else {
    const std::size_t colon = text.find(':');
    url.host = to_lower(text.substr(0, colon));
    rest = colon == std::string_view::npos ? "" : text.substr(colon);
    if (!std::ranges::all_of(url.host, [](char c) {
          return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_';
        })) {
      return bad("has a host that is no name and no address");
    }
  }
  if (url.host.empty()) return bad("names no host");
  if (rest.empty()) return {};
  if (!rest.starts_with(':')) return bad("has something between host and path");
  return read_port(url, rest.substr(1));
}

}  // namespace

std::string Url::authority() const {
  const std::string shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port == (tls ? k_https_port : k_http_port)) return shown;
  return fmt::format("{}:{}", shown, port);
}

std::string Url::origin() const { return (tls ? "https://" : "http://") + authority(); }

std::string Url::target() const { return query.empty() ? path : path + "?" + query; }

Result<Url> parse_url(std::string_view text) {
  if (text.size() > k_url_size_max) return bad("is too long");
  if (!std::ranges::all_of(text, is_plain)) return bad("has a blank or a control character in it");
  const std::size_t colon = text.find("://");
  const std::string scheme = to_lower(text.substr(0, colon));
  if (colon == std::string_view::npos || (scheme != "http" && scheme != "https")) {
    return bad("begins with neither http:// nor https://");
  }
  Url url;
  url.tls = scheme == "https";
  std::string_view rest = text.substr(colon + 3);
  if (rest.find('#') != std::string_view::npos) return bad("has a fragment ('#')");
  std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  rest.remove_prefix(authority.size());
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    TRY(read_userinfo(url, authority.substr(0, at)));
    authority.remove_prefix(at + 1);
  }
  TRY(read_host(url, authority));
  const std::size_t question = rest.find('?');
  if (question != std::string_view::npos) url.query = rest.substr(question + 1);
  const std::string_view path = rest.substr(0, question);
  if (!path.empty()) url.path = path;
  return url;
}

std::string percent_encode(std::string_view text, Slash slash) {
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == '~' ||
        (c == '/' && slash == Slash::kept)) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

}  // namespace sluice::net
