#include "store/secrets.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "store/key_settings.hpp"

#include <algorithm>
#include <array>

namespace sluice::store {

namespace {

constexpr std::size_t k_identity_digits = 16;

constexpr std::array<std::string_view, 5> k_s3_secrets = {
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_ACCESS_KEY_ID",     "AWS_SECURITY_TOKEN",
};
constexpr std::string_view k_http_secret = "SLUICE_TOKEN";
constexpr std::array<std::string_view, 2> k_signing_secrets = {k_signing_key_variable,
                                                               k_signing_key_file_variable};

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

std::vector<std::string_view> all_secrets() {
  std::vector<std::string_view> names(k_s3_secrets.begin(), k_s3_secrets.end());
  names.push_back(k_http_secret);
  names.insert(names.end(), k_signing_secrets.begin(), k_signing_secrets.end());
  return names;
}

}  // namespace

std::string credential_identity(const StoreUrl& url, const sys::Environment& env) {
  if (!url.is_remote()) return "";
  Sha256 hash;
  const auto add = [&](std::string_view name) {
    const auto value = env.get(name);
    hash.update(bytes_of(std::string(name) + (value ? "=" + *value : "") + '\0'));
  };
  for (const std::string_view name : k_s3_secrets) add(name);
  add(k_http_secret);
  for (const std::string_view name : k_deciding) add(name);
  return to_hex(hash.finish()).substr(0, k_identity_digits);
}

sys::Environment without_secrets(sys::Environment env) {
  for (const std::string_view name : all_secrets()) env.unset(name);
  return env;
}

std::vector<std::string_view> secret_names_of(const StoreUrl& url, bool keep_credentials) {
  std::vector<std::string_view> names(k_signing_secrets.begin(), k_signing_secrets.end());
  if (keep_credentials || !url.is_remote()) return names;
  if (url.scheme == "s3") {
    names.insert(names.end(), k_s3_secrets.begin(), k_s3_secrets.end());
  } else {
    names.push_back(k_http_secret);
  }
  return names;
}

Bytes pack_secrets(const sys::Environment& env) {
  Bytes packed;
  for (const std::string_view name : all_secrets()) {
    const auto value = env.get(name);
    if (!value) continue;
    append(packed, bytes_of(std::string(name) + "=" + *value));
    packed.push_back(std::byte{0});
  }
  return packed;
}

void add_secrets(sys::Environment& env, ByteView packed) {
  const auto known = all_secrets();
  for (const std::string_view line : split(text_of(packed), '\0')) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, equals);
    if (std::ranges::find(known, name) != known.end()) env.set(name, line.substr(equals + 1));
  }
}

std::string signer_proof(const SigningKey& key) {
  Sha256 hash;
  hash.update(bytes_of("sluice agent of a signing key 1"));
  hash.update(key.seed());
  return to_hex(hash.finish()).substr(0, k_identity_digits);
}

}  // namespace sluice::store
