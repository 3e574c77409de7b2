#include "store/aws_profile.hpp"

#include "base/strings.hpp"
#include "base/units.hpp"
#include "sys/file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::store {

namespace {

Result<codec::Ini> read_ini(const sys::Environment& env, std::string_view variable,
                            std::string_view fallback) {
  const sys::Path path =
      env.get_or(variable, (sys::home_directory(env) / ".aws" / fallback).string());
  auto bytes = sys::read_file(path, codec::k_ini_size_max);
  if (!bytes) {
    // HOME may be another user's: what nobody may read says nothing to us.
    if (bytes.error().code == Code::denied && !env.has(variable)) return codec::Ini{};
    return std::unexpected(std::move(bytes).error());
  }
  if (!*bytes) return codec::Ini{};
  return codec::parse_ini(text_of(**bytes), path.string());
}

codec::IniSection section(const codec::Ini& ini, const std::string& name) {
  const auto found = ini.find(name);
  return found == ini.end() ? codec::IniSection{} : found->second;
}

bool is_true(std::string_view text) { return to_lower(text) == "true"; }

std::string upper(std::string_view text) {
  std::string big(text);
  for (char& c : big) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return big;
}

// A bucket with a dot, a capital or a '_' has no host name that a certificate covers.
bool fits_a_host(std::string_view bucket) {
  return std::ranges::all_of(
      bucket, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace

Result<AwsProfile> AwsProfile::of(const sys::Environment& env) {
  AwsProfile profile;
  const bool is_named = env.has("AWS_PROFILE");
  profile.name_ = env.get_or("AWS_PROFILE", env.get_or("AWS_DEFAULT_PROFILE", "default"));
  TRY_ASSIGN(const codec::Ini config, read_ini(env, "AWS_CONFIG_FILE", "config"));
  TRY_ASSIGN(const codec::Ini secrets, read_ini(env, "AWS_SHARED_CREDENTIALS_FILE", "credentials"));
  profile.credentials_ = section(secrets, profile.name_);
  profile.config_ =
      section(config, profile.name_ == "default" ? "default" : "profile " + profile.name_);
  if (profile.config_.empty()) profile.config_ = section(config, "profile " + profile.name_);
  if (is_named && profile.config_.empty() && profile.credentials_.empty()) {
    return fail(Code::invalid, fmt::format("AWS_PROFILE: there is no profile \"{}\"",
                                           printable(profile.name_, 80)));
  }
  return profile;
}

std::string AwsProfile::get(std::string_view key) const {
  for (const codec::IniSection* part : {&credentials_, &config_}) {
    if (const auto found = part->find(key); found != part->end()) return found->second;
  }
  return "";
}

std::string aws_region(const AwsProfile& profile, const sys::Environment& env) {
  const std::string said = env.get_or("AWS_REGION", env.get_or("AWS_DEFAULT_REGION", ""));
  if (!said.empty()) return said;
  const std::string of_profile = profile.get("region");
  return of_profile.empty() ? std::string(k_aws_region_default) : of_profile;
}

std::string_view aws_suffix(std::string_view region) {
  return region.starts_with("cn-") ? ".cn" : "";
}

Result<std::optional<net::Url>> aws_endpoint(std::string_view service, const AwsProfile& profile,
                                             const sys::Environment& env) {
  if (is_true(env.get_or("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", ""))) return std::nullopt;
  std::string name = "AWS_ENDPOINT_URL_" + upper(service);
  if (!env.has(name)) name = "AWS_ENDPOINT_URL";
  std::string text = env.get_or(name, "");
  if (text.empty()) {
    name = fmt::format("endpoint_url of the AWS profile {}", printable(profile.name(), 80));
    text = profile.get(std::string(service) + ".endpoint_url");
    if (text.empty()) text = profile.get("endpoint_url");
  }
  if (text.empty()) return std::nullopt;
  auto url = net::parse_url(text);
  if (!url) return std::unexpected(std::move(url).error().in(name));
  if (url->has_userinfo || !url->query.empty()) {
    return fail(Code::invalid, name + ": only http(s)://host:port and a path are understood");
  }
  while (url->path.ends_with('/')) url->path.pop_back();
  return std::optional(std::move(*url));
}

Result<S3Config> s3_config(const StoreUrl& url, const AwsProfile& profile,
                           const sys::Environment& env) {
  S3Config config;
  config.bucket = url.bucket;
  config.prefix = url.prefix.empty() ? "" : url.prefix + "/";
  config.region = aws_region(profile, env);
  const bool plain = std::ranges::all_of(config.region, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  if (!plain) return fail(Code::invalid, "AWS_REGION: this is no name of a region");
  TRY_ASSIGN(auto endpoint, aws_endpoint("s3", profile, env));
  config.is_aws = !endpoint.has_value();
  if (endpoint) {
    config.endpoint = std::move(*endpoint);
  } else {
    TRY_ASSIGN(config.endpoint,
               net::parse_url(fmt::format("https://s3.{}.amazonaws.com{}", config.region,
                                          aws_suffix(config.region))));
    config.endpoint.path.clear();
  }
  config.path_style = !config.is_aws || !fits_a_host(config.bucket);
  if (const std::string style = profile.get("s3.addressing_style"); !style.empty()) {
    if (style != "path" && style != "virtual" && style != "auto") {
      return fail(Code::invalid,
                  fmt::format("addressing_style of the AWS profile {}: \"{}\" is not one of auto, "
                              "path, virtual",
                              printable(profile.name(), 80), printable(style, 40)));
    }
    config.path_style = style == "path" || (style == "auto" && config.path_style);
  }
  if (const std::string said = env.get_or("AWS_S3_FORCE_PATH_STYLE", ""); !said.empty()) {
    const auto force = parse_bool(said);
    if (!force) return fail(Code::invalid, "AWS_S3_FORCE_PATH_STYLE: this is not true or false");
    config.path_style = *force;
  }
  if (!config.path_style) config.endpoint.host = config.bucket + "." + config.endpoint.host;
  return config;
}

}  // namespace sluice::store
