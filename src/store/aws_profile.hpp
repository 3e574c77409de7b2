// What the environment and the user's AWS files say: profile, region, endpoint, addressing.
//
// Read once, by the agent; any thread afterwards. Files are ~/.aws/config and ~/.aws/credentials
// or what AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name; the profile is AWS_PROFILE, else
// "default". Absent files are empty. Holds secrets: never shown. Errors: Code::invalid with the
// file and line or the variable, never a value.
#pragma once

#include "base/result.hpp"
#include "codec/ini.hpp"
#include "net/url.hpp"
#include "store/store_url.hpp"
#include "sys/environment.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sluice::store {

inline constexpr std::string_view k_aws_region_default = "us-east-1";

class AwsProfile {
 public:
  static Result<AwsProfile> of(const sys::Environment& env);

  const std::string& name() const { return name_; }
  // From the credentials file, else the config file; empty when in neither.
  std::string get(std::string_view key) const;

 private:
  std::string name_;
  codec::IniSection credentials_;
  codec::IniSection config_;
};

struct S3Config {
  std::string bucket;
  std::string prefix;  // "" or "a/b/", ends with '/'
  std::string region;
  net::Url endpoint;        // scheme, host, port and a base path without a '/' at its end
  bool path_style = false;  // the bucket in the path, not in the host
  bool is_aws = false;      // no endpoint was given
};

Result<S3Config> s3_config(const StoreUrl& url, const AwsProfile& profile,
                           const sys::Environment& env);

// AWS_ENDPOINT_URL_<service>, AWS_ENDPOINT_URL, or the profile's endpoint_url; nothing when none is
// set (AWS_IGNORE_CONFIGURED_ENDPOINT_URLS too).
Result<std::optional<net::Url>> aws_endpoint(std::string_view service, const AwsProfile& profile,
                                             const sys::Environment& env);
std::string aws_region(const AwsProfile& profile, const sys::Environment& env);
// What follows amazonaws.com in the names of a region's services.
std::string_view aws_suffix(std::string_view region);

}  // namespace sluice::store
