// What S3 and HTTP stores have in common: when to try again, ranges that go on where they broke
// off, bodies that are sent from Body.
//
// One thread at a time each. A range that breaks off in the middle is asked for again from there,
// with If-Match where the first answer had an etag, so that two objects are never mixed.
#pragma once

#include "base/deadline.hpp"
#include "base/result.hpp"
#include "net/http_client.hpp"
#include "store/objects.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::store {

inline constexpr int k_remote_tries_max = 5;
inline constexpr auto k_remote_backoff_first = std::chrono::milliseconds(50);
inline constexpr auto k_remote_backoff_max = std::chrono::milliseconds(2000);
// From here on the server is asked before the body is sent, where it may refuse it.
inline constexpr std::uint64_t k_ask_first_bytes_min = 1U << 20U;
// A connection that brings nothing of an object for so long is given up for another one.
inline constexpr auto k_remote_stall_max = std::chrono::milliseconds(3000);
// Errors of single objects are short texts.
inline constexpr std::uint64_t k_remote_error_bytes_max = 64U << 10U;

// 5xx but 501, 429 and 408: the same request may work a little later.
bool is_worth_a_try(int status);
bool is_worth_a_try(const Error& error);

// Counts tries and waits between them: full jitter, doubling, never past the deadline.
class Retry {
 public:
  // Its pauses are told to the observer.
  explicit Retry(Deadline deadline, const net::WaitObserver* observer = nullptr)
      : deadline_(deadline), observer_(observer) {}
  // True when there is another try, after having waited for it.
  bool again();
  int tries() const { return tries_; }

 private:
  Deadline deadline_;
  const net::WaitObserver* observer_;
  int tries_ = 1;
};

// A key for a message: of a long hash the first digits.
std::string short_key(std::string_view key);

// Points the request at the body, which must outlive it.
void send_body(net::Request& request, const Body& body);

class RangeReader {
 public:
  RangeReader(std::uint64_t offset, std::uint64_t length, const codec::ByteSink& sink)
      : offset_(offset), length_(length), sink_(sink) {}

  // For this try: Range, If-Match, and where the body goes. `this` must outlive the request.
  void prepare(net::Request& request);
  bool is_complete() const { return delivered_ == length_; }
  // The sink's own error, which is not the store's.
  const std::optional<Error>& sink_error() const { return sink_error_; }
  const std::optional<Error>& answer_error() const { return answer_error_; }

 private:
  Result<void> see_head(const net::ResponseHead& head);
  Result<void> take(ByteView piece);

  std::uint64_t offset_;
  std::uint64_t length_;
  const codec::ByteSink& sink_;
  std::uint64_t delivered_ = 0;
  std::uint64_t skip_ = 0;  // of a server that sends everything
  std::string etag_;
  std::optional<Error> sink_error_;
  std::optional<Error> answer_error_;
};

}  // namespace sluice::store
