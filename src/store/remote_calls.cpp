#include "store/remote_calls.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <thread>

namespace sluice::store {

bool is_worth_a_try(int status) {
  return (status / 100 == 5 && status != 501) || status == 429 || status == 408;
}

bool is_worth_a_try(const Error& error) {
  return error.code == Code::unavailable || error.code == Code::corrupt;
}

bool Retry::again() {
  if (tries_ >= k_remote_tries_max || deadline_.passed()) return false;
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto span = std::min<std::int64_t>(k_remote_backoff_max.count(),
                                           k_remote_backoff_first.count() << (tries_ - 1));
  const auto pause_ms = std::uniform_int_distribution<std::int64_t>(0, span)(random);
  if (pause_ms >= deadline_.left_ms()) return false;
  const net::Waiting waiting(observer_);
  // house: allow sleep (a back-off between tries; k_remote_backoff_max bounds it)
  std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms));
  ++tries_;
  return true;
}

std::string short_key(std::string_view key) {
  constexpr std::size_t k_long = 40;
  constexpr std::size_t k_shown = 12;
  const std::size_t begin = key.rfind('/') == std::string_view::npos ? 0 : key.rfind('/') + 1;
  if (key.size() - begin < k_long) return std::string(key);
  return std::string(key.substr(0, begin + k_shown)) + "…";
}

void send_body(net::Request& request, const Body& body) {
  request.body_size = body.size();
  request.body = [&body](std::uint64_t position, MutableByteView into) {
    body.tell_moved(into.size());
    return body.read(position, into);
  };
}

void RangeReader::prepare(net::Request& request) {
  const std::uint64_t first = offset_ + delivered_;
  request.headers.emplace_back("Range", fmt::format("bytes={}-{}", first, offset_ + length_ - 1));
  if (!etag_.empty()) request.headers.emplace_back("If-Match", etag_);
  request.on_head = [this](const net::ResponseHead& head) { return see_head(head); };
  request.sink = [this](ByteView piece) { return take(piece); };
}

Result<void> RangeReader::see_head(const net::ResponseHead& head) {
  const std::uint64_t wanted = length_ - delivered_;
  skip_ = head.status == 206 ? 0 : offset_ + delivered_;
  const bool too_short = head.content_length &&
                         (*head.content_length < skip_ || *head.content_length - skip_ < wanted);
  const bool too_long = head.status == 206 && head.content_length && *head.content_length > wanted;
  const std::string etag(head.header("etag").value_or(""));
  if (too_short || too_long || (!etag_.empty() && etag != etag_)) {
    answer_error_ = Error{Code::corrupt, too_short ? "it ends before the range does"
                                                   : "the answer is not the range asked for"};
    return std::unexpected(*answer_error_);
  }
  if (etag.starts_with('"')) etag_ = etag;  // a weak one says nothing about bytes
  return {};
}

Result<void> RangeReader::take(ByteView piece) {
  const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, piece.size()));
  skip_ -= skipped;
  piece = piece.subspan(skipped);
  const auto count =
      static_cast<std::size_t>(std::min<std::uint64_t>(length_ - delivered_, piece.size()));
  if (count > 0) {
    if (auto taken = sink_(piece.first(count)); !taken) {
      sink_error_ = taken.error();
      return taken;
    }
    delivered_ += count;
  }
  // The rest of a whole object is not read.
  if (count < piece.size()) return fail(Code::cancelled, "enough");
  return {};
}

}  // namespace sluice::store
