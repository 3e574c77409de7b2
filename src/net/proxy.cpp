#include "net/proxy.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace sluice::net {

namespace {

// An address as 16 bytes; IPv4 is mapped into IPv6, so that both compare alike.
using Address = std::array<unsigned char, 16>;

struct Parsed {
  Address bytes{};
  bool is_v4 = false;
};

std::optional<Parsed> parse_address(const std::string& text) {
  Parsed parsed;
  if (::inet_pton(AF_INET6, text.c_str(), parsed.bytes.data()) == 1) return parsed;
  std::array<unsigned char, 4> v4{};
  if (::inet_pton(AF_INET, text.c_str(), v4.data()) != 1) return std::nullopt;
  parsed.is_v4 = true;
  parsed.bytes[10] = parsed.bytes[11] = 0xff;
  std::memcpy(parsed.bytes.data() + 12, v4.data(), v4.size());
  return parsed;
}

bool in_network(const Address& address, const Address& network, unsigned bits) {
  for (unsigned i = 0; i < bits; ++i) {
    const unsigned mask = 0x80U >> (i % 8);
    if ((address[i / 8] & mask) != (network[i / 8] & mask)) return false;
  }
  return true;
}

bool matches_network(const std::string& host, std::string_view entry, std::size_t slash) {
  const auto network = parse_address(std::string(entry.substr(0, slash)));
  const auto bits = parse_int<unsigned>(entry.substr(slash + 1));
  const auto address = parse_address(host);
  if (!network || !bits || !address) return false;
  const unsigned all = *bits + (network->is_v4 ? 96U : 0U);
  return all <= 128 && network->is_v4 == address->is_v4 &&
         in_network(address->bytes, network->bytes, all);
}

bool matches(const Url& url, std::string_view entry) {
  if (entry == "*") return true;
  if (const std::size_t slash = entry.find('/'); slash != std::string_view::npos) {
    return matches_network(url.host, entry, slash);
  }
  std::string name(entry);
  const std::size_t colon = name.rfind(':');
  const bool has_port = colon != std::string::npos && name.find(':') == colon;
  if (has_port) {
    if (parse_int<std::uint16_t>(std::string_view(name).substr(colon + 1)) != url.port) {
      return false;
    }
    name.resize(colon);
  }
  if (name.starts_with("*.")) name.erase(0, 1);
  while (name.starts_with('.')) name.erase(0, 1);
  if (name.empty()) return false;
  return url.host == name || url.host.ends_with("." + name);
}

// Nothing when none of the names is set.
Result<std::optional<Url>> read_proxy(const sys::Environment& env,
                                      std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (!env.has(name)) continue;
    std::string text = env.get_or(name, "");
    if (text.find("://") == std::string::npos) text.insert(0, "http://");
    const std::string scheme = to_lower(text.substr(0, text.find("://")));
    if (scheme != "http") {
      return fail(Code::invalid,
                  fmt::format("{}: proxies of the kind \"{}\" are not supported; write "
                              "http://host:port",
                              name, printable(scheme, 20)));
    }
    auto url = parse_url(text);
    if (!url) return std::unexpected(std::move(url).error().in(name));
    return std::optional(std::move(*url));
  }
  return std::optional<Url>();
}

}  // namespace

bool is_loopback(const std::string& host) {
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  const auto address = parse_address(host);
  if (!address) return false;
  constexpr unsigned k_v4_loopback_bits = 96 + 8;
  if (address->is_v4) {
    return in_network(address->bytes, parse_address("127.0.0.0")->bytes, k_v4_loopback_bits);
  }
  return address->bytes == parse_address("::1")->bytes;
}

Result<ProxyRules> ProxyRules::of(const sys::Environment& env) {
  ProxyRules rules;
  // In a CGI program HTTP_PROXY is a header of whoever asks.
  const bool is_cgi = env.has("REQUEST_METHOD");
  TRY_ASSIGN(rules.http_, is_cgi ? read_proxy(env, {"http_proxy"})
                                 : read_proxy(env, {"http_proxy", "HTTP_PROXY"}));
  TRY_ASSIGN(rules.https_, read_proxy(env, {"https_proxy", "HTTPS_PROXY"}));
  const std::string list = env.get_or("no_proxy", env.get_or("NO_PROXY", ""));
  for (const std::string_view entry : split(list, ',')) {
    const std::string_view word = trim(entry);
    if (!word.empty() && rules.exempt_.size() < k_no_proxy_entries_max) {
      rules.exempt_.push_back(to_lower(word));
    }
  }
  return rules;
}

bool ProxyRules::is_exempt(const Url& url) const {
  if (is_loopback(url.host)) return true;
  for (const std::string& entry : exempt_) {
    if (matches(url, entry)) return true;
  }
  return false;
}

const Url* ProxyRules::proxy_for(const Url& url) const {
  const std::optional<Url>& proxy = url.tls ? https_ : http_;
  if (!proxy || is_exempt(url)) return nullptr;
  return &*proxy;
}

}  // namespace sluice::net
