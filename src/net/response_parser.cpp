#include "net/response_parser.hpp"

#include "base/strings.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <fmt/format.h>

#include <ctime>

namespace sluice::net {

namespace {

namespace http = boost::beast::http;
using BoostError = boost::beast::error_code;
using BoostText = boost::beast::string_view;

std::string_view text_of_boost(BoostText text) { return {text.data(), text.size()}; }

// "0\r\n\r\n": fewer bytes never end a chunked body. Beast 1.81 asserts (parse_chunk_header) that
// it does not see the last chunk in two parts that are shorter.
constexpr std::size_t k_chunked_end_size = 5;

class Reader final : public http::basic_parser<false> {
 public:
  ResponseHead head;
  codec::ByteSink sink;
  std::optional<Error> sink_error;

 private:
  void on_request_impl(http::verb, BoostText, BoostText, int, BoostError&) override {}
  void on_response_impl(int code, BoostText, int, BoostError&) override { head.status = code; }
  void on_field_impl(http::field, BoostText name, BoostText value, BoostError& error) override {
    if (head.headers.size() >= k_response_headers_max) {
      error = http::error::header_limit;
      return;
    }
    head.headers.emplace_back(text_of_boost(name), text_of_boost(value));
  }
  void on_header_impl(BoostError&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, BoostError&) override {}
  std::size_t on_body_impl(BoostText body, BoostError& error) override { return give(body, error); }
  void on_chunk_header_impl(std::uint64_t, BoostText, BoostError&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BoostText body, BoostError& error) override {
    return give(body, error);
  }
  void on_finish_impl(BoostError&) override {}

  std::size_t give(BoostText body, BoostError& error) {
    if (sink && !body.empty()) {
      auto taken = sink(bytes_of(text_of_boost(body)));
      if (!taken) {
        sink_error = std::move(taken).error();
        error = http::error::body_limit;  // any error: ours is in sink_error
        return 0;
      }
    }
    return body.size();
  }
};

}  // namespace

struct ResponseParser::State {
  Reader reader;
};

std::optional<std::string_view> ResponseHead::header(std::string_view name) const {
  const std::string wanted = to_lower(name);
  for (const auto& [each, value] : headers) {
    if (each.size() == name.size() && to_lower(each) == wanted) return value;
  }
  return std::nullopt;
}

std::optional<UnixNanos> parse_http_date(std::string_view text) {
  std::tm utc{};
  const std::string whole(text);
  const char* end = ::strptime(whole.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  // 1700 and 2200: nanoseconds reach from 1677 to 2262.
  constexpr int k_tm_year_min = -200;
  constexpr int k_tm_year_max = 300;
  if (end == nullptr || *end != '\0') return std::nullopt;
  if (utc.tm_year < k_tm_year_min || utc.tm_year > k_tm_year_max) return std::nullopt;
  constexpr UnixNanos k_ns_per_s = 1'000'000'000;
  return static_cast<UnixNanos>(::timegm(&utc)) * k_ns_per_s;
}

ResponseParser::ResponseParser(bool no_body) : state_(std::make_unique<State>()) {
  state_->reader.header_limit(k_response_head_size_max);
  state_->reader.body_limit(boost::none);
  state_->reader.skip(no_body);
}

ResponseParser::~ResponseParser() = default;

void ResponseParser::set_sink(codec::ByteSink sink) { state_->reader.sink = std::move(sink); }

Result<std::size_t> ResponseParser::put(ByteView bytes) {
  Reader& reader = state_->reader;
  std::size_t used = 0;
  while (used < bytes.size() && !reader.is_done()) {
    const bool head_was_done = reader.is_header_done();
    BoostError error;
    const ByteView rest = bytes.subspan(used);
    if (head_was_done && reader.chunked() && rest.size() < k_chunked_end_size) break;
    const std::size_t count =
        reader.put(boost::asio::const_buffer(rest.data(), rest.size()), error);
    used += count;
    if (reader.sink_error) return std::unexpected(*reader.sink_error);
    if (error == http::error::need_more) break;
    if (error) return fail(Code::corrupt, "the answer is no HTTP: " + error.message());
    if (!head_was_done && reader.is_header_done()) {
      // Known only with every header read; chunked bodies have none.
      if (const auto length = reader.content_length(); length) {
        reader.head.content_length = *length;
      }
      break;
    }
    if (count == 0 && !reader.is_done()) break;
  }
  return used;
}

Result<void> ResponseParser::end() {
  Reader& reader = state_->reader;
  if (reader.is_done()) return {};
  BoostError error;
  if (reader.got_some()) reader.put_eof(error);
  if (!reader.got_some() || error) {
    return fail(Code::unavailable, "the connection ended in the middle of the answer");
  }
  return {};
}

bool ResponseParser::is_head_done() const { return state_->reader.is_header_done(); }
bool ResponseParser::is_done() const { return state_->reader.is_done(); }
bool ResponseParser::keeps_alive() const { return state_->reader.keep_alive(); }
const ResponseHead& ResponseParser::head() const { return state_->reader.head; }

}  // namespace sluice::net
