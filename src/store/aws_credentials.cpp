#include "store/aws_credentials.hpp"

#include "base/strings.hpp"
#include "base/units.hpp"
#include "codec/json.hpp"
#include "codec/xml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

namespace sluice::store {

namespace {

constexpr std::string_view k_metadata = "http://169.254.169.254";
constexpr std::string_view k_container = "http://169.254.170.2";
constexpr UnixNanos k_ns_per_s = 1'000'000'000;
constexpr int k_year_max = 2200;  // nanoseconds end in 2262

Result<std::string> read_token(const sys::Path& path, std::string_view variable) {
  auto bytes = sys::read_file(path, k_token_file_bytes_max);
  if (!bytes) return std::unexpected(std::move(bytes).error().in(variable));
  if (!*bytes) {
    return fail(Code::not_found, fmt::format("{}: {} is not there", variable, path.string()));
  }
  return std::string(trim(text_of(**bytes)));
}

// Plain HTTP may carry the token to this machine and to the addresses of the container services.
bool may_get_the_token(const net::Url& url) {
  constexpr std::array<std::string_view, 3> k_hosts = {"169.254.170.2", "169.254.170.23",
                                                       "fd00:ec2::23"};
  return url.tls || net::is_loopback(url.host) ||
         std::ranges::find(k_hosts, url.host) != k_hosts.end();
}

std::string form(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string text;
  for (const auto& [name, value] : fields) {
    if (!text.empty()) text += '&';
    text += name + "=" + net::percent_encode(value);
  }
  return text;
}

}  // namespace

std::optional<UnixNanos> parse_iso_time(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':' || text.back() != 'Z') {
    return std::nullopt;
  }
  const auto part = [&](std::size_t at, std::size_t count) {
    return parse_int<int>(text.substr(at, count)).value_or(-1);
  };
  std::tm utc{};
  utc.tm_year = std::min(part(0, 4), k_year_max) - 1900;
  utc.tm_mon = part(5, 2) - 1;
  utc.tm_mday = part(8, 2);
  utc.tm_hour = part(11, 2);
  utc.tm_min = part(14, 2);
  utc.tm_sec = part(17, 2);
  const bool sane = utc.tm_year > 0 && utc.tm_mon >= 0 && utc.tm_mon < 12 && utc.tm_mday > 0 &&
                    utc.tm_hour >= 0 && utc.tm_min >= 0 && utc.tm_sec >= 0;
  if (!sane) return std::nullopt;
  return static_cast<UnixNanos>(::timegm(&utc)) * k_ns_per_s;
}

AwsCredentials::AwsCredentials(sys::Environment env, AwsProfile profile, net::HttpClient& http)
    : env_(std::move(env)), profile_(std::move(profile)), http_(http) {}

Result<net::Credentials> AwsCredentials::get(Deadline deadline, UnixNanos now_ns) {
  const std::unique_lock lock(mutex_, deadline.at());
  if (!lock) return fail(Code::timeout, "AWS credentials: the deadline passed");
  const UnixNanos early_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(k_credentials_early).count();
  if (found_ && (!found_->ends_ns || now_ns < *found_->ends_ns - early_ns)) return found_->keys;
  if (failure_ && !failure_until_.passed()) {
    // What is still good serves until its very end.
    if (found_ && now_ns < found_->ends_ns.value_or(0)) return found_->keys;
    return std::unexpected(*failure_);
  }
  auto fresh = find(deadline);
  if (fresh) {
    found_ = std::move(*fresh);
    failure_.reset();
    return found_->keys;
  }
  const bool still_good = found_ && now_ns < found_->ends_ns.value_or(0);
  // A service that is out of order for a moment is asked again soon: the request that wants the
  // credentials has its own tries.
  const bool is_a_moments = fresh.error().code == Code::unavailable && !still_good;
  if (still_good || fresh.error().code != Code::timeout) {
    failure_ = fresh.error();
    failure_until_ = Deadline::after(is_a_moments ? k_credentials_retry_soon : k_credentials_retry);
  }
  if (still_good) return found_->keys;
  return std::unexpected(std::move(fresh).error());
}

Result<void> AwsCredentials::check(const sys::Environment& env) {
  constexpr std::string_view k_key = "AWS_ACCESS_KEY_ID";
  constexpr std::string_view k_secret = "AWS_SECRET_ACCESS_KEY";
  if (env.get_or(k_key, "").empty() != env.get_or(k_secret, "").empty()) {
    const bool has_key = !env.get_or(k_key, "").empty();
    return fail(Code::invalid, fmt::format("{} is set and {} is not: set both or none",
                                           has_key ? k_key : k_secret, has_key ? k_secret : k_key));
  }
  for (const std::string_view name :
       {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        "AWS_ENDPOINT_URL_STS"}) {
    const std::string text = env.get_or(name, "");
    if (text.empty()) continue;
    if (auto url = net::parse_url(text); !url) {
      return std::unexpected(std::move(url).error().in(name));
    }
  }
  return {};
}

bool AwsCredentials::renew(const net::Credentials& ended) {
  const std::lock_guard lock(mutex_);
  if (!found_ || found_->keys.access_key != ended.access_key ||
      found_->keys.session_token != ended.session_token) {
    return true;  // somebody has renewed them
  }
  if (!found_->ends_ns) return false;
  found_.reset();
  return true;
}

Result<AwsCredentials::Found> AwsCredentials::find(Deadline deadline) const {
  if (auto found = from_environment()) return std::move(*found);
  TRY_ASSIGN(auto found, from_web_identity(deadline));
  if (!found) {
    TRY_ASSIGN(found, from_profile());
  }
  if (!found) {
    TRY_ASSIGN(found, from_container(deadline));
  }
  if (!found) {
    TRY_ASSIGN(found, from_metadata(deadline));
  }
  if (found) return std::move(*found);
  return fail(
      Code::denied,
      "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE");
}

std::optional<AwsCredentials::Found> AwsCredentials::from_environment() const {
  if (!env_.has("AWS_ACCESS_KEY_ID") || !env_.has("AWS_SECRET_ACCESS_KEY")) return std::nullopt;
  return Found{{env_.get_or("AWS_ACCESS_KEY_ID", ""), env_.get_or("AWS_SECRET_ACCESS_KEY", ""),
                env_.get_or("AWS_SESSION_TOKEN", "")},
               std::nullopt};
}

Result<std::optional<AwsCredentials::Found>> AwsCredentials::from_profile() const {
  Found found;
  found.keys.access_key = profile_.get("aws_access_key_id");
  found.keys.secret_key = profile_.get("aws_secret_access_key");
  found.keys.session_token = profile_.get("aws_session_token");
  if (!found.keys.access_key.empty() && !found.keys.secret_key.empty()) return found;
  for (const std::string_view kind : {"source_profile", "credential_process", "sso_session"}) {
    if (profile_.get(kind).empty()) continue;
    return fail(Code::unsupported,
                fmt::format("the AWS profile {} takes its credentials from {}, which sluice does "
                            "not do: export them (aws configure export-credentials --format env)",
                            printable(profile_.name(), 80), kind));
  }
  return std::nullopt;
}

// The body of a 200; every other answer is an error that says its status.
Result<std::string> AwsCredentials::ask(net::Request request, std::string_view what,
                                        Deadline deadline) const {
  auto response = http_.send(request, deadline);
  if (!response) return std::unexpected(std::move(response).error().in(what));
  const int status = response->head.status;
  if (status == 200) return std::string(text_of(response->body));
  std::string reason;
  if (const auto xml = codec::parse_xml(text_of(response->body))) {
    const codec::XmlElement* error = xml->find("Error");
    if (error != nullptr) reason = ": " + printable(error->text_of("Code"), 80);
  }
  const Code code = status / 100 == 5 ? Code::unavailable : Code::denied;
  return fail(code, fmt::format("{}: it answered {}{}", what, status, reason));
}

Result<AwsCredentials::Found> AwsCredentials::read_json(std::string_view text,
                                                        std::string_view what) {
  const auto json = codec::parse_json(text);
  Found found;
  if (json) {
    found.keys.access_key = json->text_or("AccessKeyId", "");
    found.keys.secret_key = json->text_or("SecretAccessKey", "");
    found.keys.session_token = json->text_or("Token", "");
    found.ends_ns = parse_iso_time(json->text_or("Expiration", ""));
  }
  if (found.keys.access_key.empty() || found.keys.secret_key.empty()) {
    return fail(Code::corrupt, fmt::format("{}: it answered no credentials", what));
  }
  return found;
}

Result<std::optional<AwsCredentials::Found>> AwsCredentials::from_web_identity(
    Deadline deadline) const {
  const std::string file =
      env_.get_or("AWS_WEB_IDENTITY_TOKEN_FILE", profile_.get("web_identity_token_file"));
  const std::string role = env_.get_or("AWS_ROLE_ARN", profile_.get("role_arn"));
  if (file.empty() || role.empty()) return std::nullopt;
  TRY_ASSIGN(const std::string token, read_token(file, "AWS_WEB_IDENTITY_TOKEN_FILE"));
  TRY_ASSIGN(auto endpoint, aws_endpoint("sts", profile_, env_));
  if (!endpoint) {
    const std::string region = aws_region(profile_, env_);
    TRY_ASSIGN(endpoint, net::parse_url(fmt::format("https://sts.{}.amazonaws.com{}", region,
                                                    aws_suffix(region))));
  }
  const std::string body =
      form({{"Action", "AssumeRoleWithWebIdentity"},
            {"Version", "2011-06-15"},
            {"RoleArn", role},
            {"RoleSessionName", env_.get_or("AWS_ROLE_SESSION_NAME", "sluice")},
            {"WebIdentityToken", token}});
  net::Request request;
  request.method = "POST";
  request.url = *endpoint;
  if (!request.url.path.ends_with('/')) request.url.path += '/';
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.bytes = bytes_of(body);
  const std::string what = "AWS web identity";
  TRY_ASSIGN(const std::string text, ask(request, what, deadline));
  const auto xml = codec::parse_xml(text);
  const codec::XmlElement* result = xml ? xml->find("AssumeRoleWithWebIdentityResult") : nullptr;
  const codec::XmlElement* keys = result != nullptr ? result->find("Credentials") : nullptr;
  if (keys == nullptr || keys->text_of("SecretAccessKey").empty()) {
    return fail(Code::corrupt, what + ": it answered no credentials");
  }
  return Found{{keys->text_of("AccessKeyId"), keys->text_of("SecretAccessKey"),
                keys->text_of("SessionToken")},
               parse_iso_time(keys->text_of("Expiration"))};
}

Result<std::optional<AwsCredentials::Found>> AwsCredentials::from_container(
    Deadline deadline) const {
  constexpr std::string_view k_full = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
  const std::string relative = env_.get_or("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "");
  const std::string full = env_.get_or(k_full, "");
  if (relative.empty() && full.empty()) return std::nullopt;
  auto url = net::parse_url(relative.empty() ? full : std::string(k_container) + relative);
  if (!url) return std::unexpected(std::move(url).error().in("AWS_CONTAINER_CREDENTIALS_*_URI"));
  if (!may_get_the_token(*url)) {
    return fail(
        Code::invalid,
        fmt::format("{}: plain http only to this machine or its container service", k_full));
  }
  net::Request request;
  request.url = std::move(*url);
  request.use_proxy = false;
  std::string token = env_.get_or("AWS_CONTAINER_AUTHORIZATION_TOKEN", "");
  constexpr std::string_view k_file = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
  if (env_.has(k_file)) {
    TRY_ASSIGN(token, read_token(env_.get_or(k_file, ""), k_file));
  }
  if (!token.empty()) request.headers.emplace_back("Authorization", token);
  const std::string what = "AWS container credentials";
  TRY_ASSIGN(const std::string text,
             ask(request, what, deadline.sooner(Deadline::after(k_metadata_max))));
  return read_json(text, what);
}

Result<std::optional<AwsCredentials::Found>> AwsCredentials::from_metadata(
    Deadline deadline) const {
  if (parse_bool(env_.get_or("AWS_EC2_METADATA_DISABLED", "")).value_or(false)) {
    return std::nullopt;
  }
  auto url = net::parse_url(env_.get_or("AWS_EC2_METADATA_SERVICE_ENDPOINT", k_metadata));
  if (!url) return std::unexpected(std::move(url).error().in("AWS_EC2_METADATA_SERVICE_ENDPOINT"));
  while (url->path.ends_with('/')) url->path.pop_back();
  const std::string base = url->path;
  const Deadline soon = deadline.sooner(Deadline::after(k_metadata_max));
  const std::string what = "AWS instance metadata";
  net::Request request;
  request.url = std::move(*url);
  request.use_proxy = false;
  request.method = "PUT";
  request.url.path = base + "/latest/api/token";
  request.headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}};
  const auto token = ask(request, what, soon);
  if (!token) {
    // Nobody there: this is no machine of AWS, and so no reason to complain about its service.
    if (token.error().code == Code::timeout && deadline.passed()) {
      return std::unexpected(token.error());
    }
    return std::nullopt;
  }
  request.method = "GET";
  request.headers = {{"X-aws-ec2-metadata-token", *token}};
  const std::string roles = base + "/latest/meta-data/iam/security-credentials/";
  request.url.path = roles;
  TRY_ASSIGN(const std::string list, ask(request, what, soon));
  const std::string role(trim(split(list, '\n').front()));
  if (role.empty()) return std::nullopt;
  request.url.path = roles + net::percent_encode(role);
  TRY_ASSIGN(const std::string text, ask(request, what, soon));
  return read_json(text, what);
}

}  // namespace sluice::store
