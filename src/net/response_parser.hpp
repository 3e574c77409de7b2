// The HTTP/1.1 response as it comes in: head, then body in pieces, without copying the body.
//
// A facade over Beast's parser, which stays in its unit. One thread at a time; the parser belongs
// to one response. Pieces given to the body sink are views into what was put. Errors: Code::corrupt
// for what is no response or is above a bound, else the sink's own.
#pragma once

#include "base/bytes.hpp"
#include "base/deadline.hpp"
#include "base/result.hpp"
#include "codec/zstd.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::net {

inline constexpr std::size_t k_response_head_size_max = 64U << 10U;
inline constexpr std::size_t k_response_headers_max = 256;

using Headers = std::vector<std::pair<std::string, std::string>>;

struct ResponseHead {
  int status = 0;
  Headers headers;                              // as they came
  std::optional<std::uint64_t> content_length;  // nothing for a chunked body

  // The first header of this name whatever its case; nothing when there is none.
  std::optional<std::string_view> header(std::string_view name) const;
};

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7), the form that servers must send.
std::optional<UnixNanos> parse_http_date(std::string_view text);

class ResponseParser {
 public:
  // `no_body`: the answer to HEAD, or to CONNECT that succeeded.
  explicit ResponseParser(bool no_body);
  ~ResponseParser();
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  // Set before body bytes are put, usually when is_head_done() becomes true.
  void set_sink(codec::ByteSink sink);
  // How many of the bytes were used; what is left comes again with more behind it. Stops once after
  // the head, so that the sink can be chosen.
  Result<std::size_t> put(ByteView bytes);
  // The connection ended: an error unless the body goes on to the end of the connection.
  Result<void> end();

  bool is_head_done() const;
  bool is_done() const;
  bool keeps_alive() const;  // after is_done()
  const ResponseHead& head() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::net
