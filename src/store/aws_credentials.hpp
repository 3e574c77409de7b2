// The chain that AWS credentials come from, kept and renewed before they end.
//
// In this order, the first that is configured counts: AWS_ACCESS_KEY_ID and its like in the
// environment; a web identity (AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN, or the same of the
// profile) traded at STS; keys of the profile; the container's endpoint
// (AWS_CONTAINER_CREDENTIALS_*); the machine's metadata service, version 2. Held by the agent only.
// Any thread; one asks while the others wait. Borrows its HttpClient. Errors: Code::denied when
// there are none, else the source's; each names the source and no secret. A failure is kept for
// k_credentials_retry, so that a store without credentials costs one wait.
#pragma once

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "net/http_client.hpp"
#include "net/sigv4.hpp"
#include "store/aws_profile.hpp"
#include "sys/environment.hpp"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::store {

inline constexpr auto k_credentials_early = std::chrono::minutes(5);  // renewed before their end
inline constexpr auto k_credentials_retry = std::chrono::seconds(30);
inline constexpr auto k_credentials_retry_soon =
    std::chrono::milliseconds(500);                              // of a moment's fault
inline constexpr auto k_metadata_max = std::chrono::seconds(2);  // for each request to the machine
inline constexpr std::uint64_t k_token_file_bytes_max = 64U << 10U;

// "2026-11-24T15:00:00Z"; nothing for another text.
std::optional<UnixNanos> parse_iso_time(std::string_view text);

class AwsCredentials {
 public:
  AwsCredentials(sys::Environment env, AwsProfile profile, net::HttpClient& http);

  // Code::invalid for what the environment says of credentials and cannot be understood.
  static Result<void> check(const sys::Environment& env);

  // `now_ns` is the time by the store's clock, as far as it is known.
  Result<net::Credentials> get(Deadline deadline, UnixNanos now_ns = unix_now_ns());
  // The store says that these have ended: the next get() asks the source again. False when they are
  // not such as can be renewed.
  bool renew(const net::Credentials& ended);

 private:
  struct Found {
    net::Credentials keys;
    std::optional<UnixNanos> ends_ns;  // nothing: for ever
  };

  Result<Found> find(Deadline deadline) const;
  std::optional<Found> from_environment() const;
  Result<std::optional<Found>> from_web_identity(Deadline deadline) const;
  Result<std::optional<Found>> from_profile() const;
  Result<std::optional<Found>> from_container(Deadline deadline) const;
  Result<std::optional<Found>> from_metadata(Deadline deadline) const;
  Result<std::string> ask(net::Request request, std::string_view what, Deadline deadline) const;
  static Result<Found> read_json(std::string_view text, std::string_view what);

  const sys::Environment env_;
  const AwsProfile profile_;
  net::HttpClient& http_;
  std::timed_mutex mutex_;
  std::optional<Found> found_;
  std::optional<Error> failure_;
  Deadline failure_until_ = Deadline::after(std::chrono::milliseconds(0));
};

}  // namespace sluice::store
