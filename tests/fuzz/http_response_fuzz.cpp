// Any bytes as an HTTP answer, whole and byte by byte: both ways see the same.
#include "base/bytes.hpp"
#include "net/response_parser.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

using namespace sluice;

namespace {

struct Seen {
  int status = 0;
  std::string body;
  bool good = false;
  bool done = false;
  bool operator==(const Seen&) const = default;
};

Seen read(ByteView bytes, std::size_t step) {
  Seen seen;
  net::ResponseParser parser(false);
  parser.set_sink([&](ByteView piece) -> Result<void> {
    seen.body += text_of(piece);
    return {};
  });
  Bytes waiting;
  for (std::size_t at = 0; at < bytes.size() && !parser.is_done();) {
    const std::size_t count = std::min(step, bytes.size() - at);
    append(waiting, bytes.subspan(at, count));
    at += count;
    for (;;) {
      if (parser.is_done() || waiting.empty()) break;
      const bool head_done = parser.is_head_done();
      const auto used = parser.put(waiting);
      if (!used) return {};
      if (*used > waiting.size()) std::abort();
      waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(*used));
      if (head_done == parser.is_head_done()) break;
    }
  }
  seen.good = true;
  seen.done = parser.is_done();
  if (parser.is_head_done()) seen.status = parser.head().status;
  if (parser.head().headers.size() > net::k_response_headers_max) std::abort();
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes = std::as_bytes(std::span(data, size));
  const Seen whole = read(bytes, std::max<std::size_t>(size, 1));
  const Seen slow = read(bytes, 1);
  // What is wrong may be found earlier or later; what is whole is the same.
  if (whole.done && slow.good && !(whole == slow)) std::abort();
  return 0;
}
