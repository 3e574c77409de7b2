#include "net/sigv4.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "net/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace sluice::net {

namespace {

using Digest = std::array<std::byte, k_digest_size>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t k_hmac_block_size = 64;

// HMAC of RFC 2104 over our one SHA-256.
Digest hmac(ByteView key, std::string_view text) {
  std::array<std::byte, k_hmac_block_size> block{};
  if (key.size() > block.size()) {
    std::ranges::copy(sha256(key), block.begin());
  } else {
    std::ranges::copy(key, block.begin());
  }
  const auto with = [&block](std::byte pad) {
    auto padded = block;
    for (std::byte& one : padded) one ^= pad;
    return padded;
  };
  Sha256 inner;
  inner.update(with(std::byte{0x36}));
  inner.update(bytes_of(text));
  Sha256 outer;
  outer.update(with(std::byte{0x5c}));
  outer.update(inner.finish());
  return outer.finish();
}

// Runs of blanks count as one, those at the ends as none.
std::string folded(std::string_view value) {
  std::string text;
  for (const char c : trim(value)) {
    if (c == ' ' && text.ends_with(' ')) continue;
    text += c;
  }
  return text;
}

Pairs canonical_headers(const Pairs& headers) {
  Pairs canonical;
  for (const auto& [name, value] : headers) canonical.emplace_back(to_lower(name), folded(value));
  std::ranges::sort(canonical);
  return canonical;
}

std::string signed_names(const Pairs& canonical) {
  std::vector<std::string> names;
  for (const auto& [name, value] : canonical) names.push_back(name);
  return join(names, ";");
}

}  // namespace

std::string amz_date(UnixNanos now_ns) {
  constexpr UnixNanos k_ns_per_s = 1'000'000'000;
  const std::time_t seconds = static_cast<std::time_t>(now_ns / k_ns_per_s);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::string canonical_query(Pairs query) {
  for (auto& [name, value] : query) {
    name = percent_encode(name);
    value = percent_encode(value);
  }
  std::ranges::sort(query);
  std::string text;
  for (const auto& [name, value] : query) {
    if (!text.empty()) text += '&';
    text += name + "=" + value;
  }
  return text;
}

std::string canonical_request(const ToSign& request) {
  const Pairs headers = canonical_headers(request.headers);
  std::string text =
      request.method + "\n" + request.path + "\n" + canonical_query(request.query) + "\n";
  for (const auto& [name, value] : headers) text += name + ":" + value + "\n";
  text += "\n" + signed_names(headers) + "\n" + request.payload_hash;
  return text;
}

Pairs sign(const ToSign& request, const Credentials& credentials, const SigningScope& scope) {
  const std::string date = amz_date(scope.now_ns);
  const std::string day = date.substr(0, 8);
  Pairs added = {{"x-amz-date", date}, {"x-amz-content-sha256", request.payload_hash}};
  if (!credentials.session_token.empty()) {
    added.emplace_back("x-amz-security-token", credentials.session_token);
  }
  ToSign whole = request;
  whole.headers.insert(whole.headers.end(), added.begin(), added.end());
  const std::string place = fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
  const std::string to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", date, place,
                                          to_hex(sha256(bytes_of(canonical_request(whole)))));
  Digest key = hmac(bytes_of("AWS4" + credentials.secret_key), day);
  for (const std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service),
        std::string_view("aws4_request")}) {
    key = hmac(key, part);
  }
  added.emplace_back(
      "Authorization",
      fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                  credentials.access_key, place, signed_names(canonical_headers(whole.headers)),
                  to_hex(hmac(key, to_sign))));
  return added;
}

}  // namespace sluice::net
