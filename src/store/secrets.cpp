#include "store/secrets.hpp"

#include "base/digest.hpp"

#include <array>
#include <string_view>

namespace sluice::store {

namespace {

constexpr std::size_t k_identity_digits = 16;

constexpr std::array<std::string_view, 6> k_secrets = {
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "SLUICE_TOKEN",          "AWS_ACCESS_KEY_ID", "AWS_SECURITY_TOKEN",
};

constexpr std::array<std::string_view, 21> k_deciding = {
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_S3_FORCE_PATH_STYLE",
    "SLUICE_CA",
    "NETRC",
    "HOME",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
};

}  // namespace

std::string credential_identity(const StoreUrl& url, const sys::Environment& env) {
  if (!url.is_remote()) return "";
  Sha256 hash;
  const auto add = [&](std::string_view name) {
    const auto value = env.get(name);
    hash.update(bytes_of(std::string(name) + (value ? "=" + *value : "") + '\0'));
  };
  for (const std::string_view name : k_secrets) add(name);
  for (const std::string_view name : k_deciding) add(name);
  return to_hex(hash.finish()).substr(0, k_identity_digits);
}

sys::Environment without_secrets(sys::Environment env) {
  for (const std::string_view name : k_secrets) env.unset(name);
  return env;
}

}  // namespace sluice::store
