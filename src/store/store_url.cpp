#include "store/store_url.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace sluice::store {

namespace {

constexpr std::string_view k_file_scheme = "file";
constexpr std::string_view k_bazel_prefix = "bazel+";

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

sys::Path normalized(const std::string& path) {
  sys::Path normal = sys::Path(path).lexically_normal();
  if (!normal.has_filename() && normal.has_relative_path()) normal = normal.parent_path();
  // POSIX lets "//dir" mean something else; nobody who writes it wants that.
  std::string text = normal.string();
  while (text.starts_with("//")) text.erase(0, 1);
  return text;
}

// The elements between the slashes; nothing when one of them is written otherwise on another
// server.
std::optional<std::string> plain_prefix(std::string_view path) {
  std::vector<std::string> kept;
  for (const std::string_view element : split(path, '/')) {
    if (element.empty()) continue;
    const bool plain = std::ranges::all_of(element, [](char c) {
      return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '~' || c == '-';
    });
    if (!plain || element == "." || element == "..") return std::nullopt;
    kept.emplace_back(element);
  }
  return join(kept, "/");
}

// As AWS names them, and the '_' and capitals that older ones and other servers have.
bool is_bucket(std::string_view name) {
  constexpr std::size_t k_length_max = 255;
  return !name.empty() && name.size() <= k_length_max && std::ranges::all_of(name, [](char c) {
    return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_';
  });
}

Result<StoreUrl> parse_s3(std::string_view text, std::string_view rest) {
  const std::size_t slash = rest.find('/');
  StoreUrl url;
  url.scheme = "s3";
  url.bucket = rest.substr(0, slash);
  if (!is_bucket(url.bucket)) {
    return bad(Code::invalid, text, "names no bucket: write s3://bucket/prefix");
  }
  const auto prefix =
      plain_prefix(slash == std::string_view::npos ? std::string_view() : rest.substr(slash));
  if (!prefix || prefix->size() > k_store_prefix_size_max) {
    return bad(Code::invalid, text,
               "has a prefix that is not plain: letters, digits, '.', '_', '-' and '/' only");
  }
  url.prefix = *prefix;
  return url;
}

// `text` begins with the scheme.
Result<StoreUrl> parse_web(std::string_view text, const std::string& scheme) {
  auto web = net::parse_url(text);
  if (!web) return std::unexpected(std::move(web).error());
  if (web->has_userinfo) {
    return fail(Code::invalid,
                "the URL of the store has a user or a password in it, which would be shown: put a "
                "token into SLUICE_TOKEN, or a password into ~/.netrc");
  }
  if (!web->query.empty()) {
    return bad(Code::invalid, text, "has a query, which the URL of a store has not");
  }
  const auto prefix = plain_prefix(web->path);
  if (!prefix || prefix->size() > k_store_prefix_size_max) {
    return bad(Code::invalid, text,
               "has a path that is not plain: letters, digits, '.', '_', '-' and '/' only");
  }
  StoreUrl url;
  url.scheme = scheme;
  url.prefix = *prefix;
  url.web = std::move(*web);
  url.web.path = "/";
  return url;
}

Result<StoreUrl> parse_file(std::string_view text, std::string_view rest) {
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return bad(Code::invalid, text, "has a query or a fragment, which a folder has not");
  }
  const std::size_t slash = rest.find('/');
  const std::string_view host = rest.substr(0, slash);
  if (slash == std::string_view::npos || (!host.empty() && to_lower(host) != "localhost")) {
    return bad(Code::invalid, text, "names no absolute directory: file:///dir, with three slashes");
  }
  const std::optional<std::string> path = net::percent_decode(rest.substr(slash));
  if (!path) return bad(Code::invalid, text, "has a '%' that is not followed by two hex digits");
  if (std::ranges::any_of(*path, is_control)) {
    return bad(Code::invalid, text, "has a control character in its path");
  }
  StoreUrl url;
  url.scheme = k_file_scheme;
  url.path = normalized(*path);
  if (url.path == "/") {
    return bad(Code::invalid, text, "is the root directory: name one for the store");
  }
  return url;
}

}  // namespace

std::string StoreUrl::identity() const {
  if (scheme == k_file_scheme) return fmt::format("{}://{}", scheme, path.string());
  const std::string place = scheme == "s3" ? "s3://" + bucket
                            : bazel        ? std::string(k_bazel_prefix) + web.origin()
                                           : web.origin();
  return prefix.empty() ? place : place + "/" + prefix;
}

Error unknown_scheme(std::string_view scheme) {
  return {Code::unsupported,
          fmt::format("\"{}://…\" is a kind of store that this sluice does not speak: use "
                      "file:///absolute/directory, s3://bucket/prefix, https://host/path or "
                      "bazel+http://host",
                      scheme)};
}

Result<StoreUrl> parse_store_url(std::string_view text) {
  if (text.size() > k_store_url_size_max) return bad(Code::invalid, text, "is too long for a URL");
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || !is_scheme(text.substr(0, colon))) {
    return bad(Code::invalid, text,
               "is not the URL of a store: file:///absolute/directory, s3://bucket/prefix or "
               "https://host/path");
  }
  const std::string scheme = to_lower(text.substr(0, colon));
  const std::string_view rest = text.substr(colon + 3);
  if (scheme == k_file_scheme) return parse_file(text, rest);
  if (scheme == "s3") return parse_s3(text, rest);
  if (scheme == "http" || scheme == "https") return parse_web(text, scheme);
  if (scheme == "bazel+http" || scheme == "bazel+https") {
    auto url = parse_web(text.substr(k_bazel_prefix.size()), scheme.substr(k_bazel_prefix.size()));
    if (url) url->bazel = true;
    return url;
  }
  return std::unexpected(unknown_scheme(scheme));
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
