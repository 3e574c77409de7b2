#include "store/store_url.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace sluice::store {

namespace {

constexpr std::string_view k_file_scheme = "file";

// An '@' may stand behind a password, and messages end up in logs.
std::unexpected<Error> bad(Code code, std::string_view text, std::string_view why) {
  if (text.find('@') != std::string_view::npos) {
    return fail(code, fmt::format("the URL of the store {}", why));
  }
  return fail(code, fmt::format("\"{}\" {}", printable(text), why));
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool is_scheme(std::string_view text) {
  return !text.empty() && is_letter(text.front()) && std::ranges::all_of(text, [](char c) {
    return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
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

sys::Path normalized(const std::string& path) {
  sys::Path normal = sys::Path(path).lexically_normal();
  if (!normal.has_filename() && normal.has_relative_path()) normal = normal.parent_path();
  // POSIX lets "//dir" mean something else; nobody who writes it wants that.
  std::string text = normal.string();
  while (text.starts_with("//")) text.erase(0, 1);
  return text;
}

}  // namespace

std::string StoreUrl::identity() const { return fmt::format("{}://{}", scheme, path.string()); }

Result<StoreUrl> parse_store_url(std::string_view text) {
  if (text.size() > k_store_url_size_max) return bad(Code::invalid, text, "is too long for a URL");
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || !is_scheme(text.substr(0, colon))) {
    return bad(Code::invalid, text, "is not the URL of a store: file:///absolute/directory");
  }
  const std::string scheme = to_lower(text.substr(0, colon));
  if (scheme != k_file_scheme) {
    return fail(Code::unsupported,
                fmt::format("\"{}://…\" is a kind of store that this sluice does not speak: use "
                            "file:///absolute/directory",
                            scheme));
  }
  const std::string_view rest = text.substr(colon + 3);
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return bad(Code::invalid, text, "has a query or a fragment, which a folder has not");
  }
  const std::size_t slash = rest.find('/');
  const std::string_view host = rest.substr(0, slash);
  if (slash == std::string_view::npos || (!host.empty() && to_lower(host) != "localhost")) {
    return bad(Code::invalid, text, "names no absolute directory: file:///dir, with three slashes");
  }
  const std::optional<std::string> path = percent_decode(rest.substr(slash));
  if (!path) return bad(Code::invalid, text, "has a '%' that is not followed by two hex digits");
  if (std::ranges::any_of(*path, is_control)) {
    return bad(Code::invalid, text, "has a control character in its path");
  }
  StoreUrl url{scheme, normalized(*path)};
  if (url.path == "/") {
    return bad(Code::invalid, text, "is the root directory: name one for the store");
  }
  return url;
}

std::string file_url(const sys::Path& directory) {
  std::string url = "file://";
  for (const char c : directory.string()) {
    const bool plain = is_letter(c) || is_digit(c) ||
                       std::string_view("/-._~!$&'()*+,;=:@").find(c) != std::string_view::npos;
    if (plain) {
      url += c;
    } else {
      url += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return url;
}

}  // namespace sluice::store
