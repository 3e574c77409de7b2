// Which proxy a request goes through: HTTP_PROXY, HTTPS_PROXY and NO_PROXY as curl and Go read
// them.
//
// A value made once from the environment; any thread. Lower-case names win over upper-case ones. A
// loopback host never goes through a proxy. NO_PROXY is a list of "*", host names (which stand for
// their subdomains too, with or without a leading dot), addresses and address/bits, each with an
// optional :port. Errors: Code::invalid, one line that names the variable and no secret.
#pragma once

#include "base/result.hpp"
#include "net/url.hpp"
#include "sys/environment.hpp"

#include <optional>
#include <string>
#include <vector>

namespace sluice::net {

inline constexpr std::size_t k_no_proxy_entries_max = 256;

// This machine, by an address or by the name that stands for one.
bool is_loopback(const std::string& host);

class ProxyRules {
 public:
  ProxyRules() = default;  // no proxy at all
  static Result<ProxyRules> of(const sys::Environment& env);

  // The proxy for this URL; nothing: straight to the host.
  const Url* proxy_for(const Url& url) const;

 private:
  bool is_exempt(const Url& url) const;

  std::optional<Url> http_;
  std::optional<Url> https_;
  std::vector<std::string> exempt_;
};

}  // namespace sluice::net
