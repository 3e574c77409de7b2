// Base64 text of any kind: the whole and the streaming decoder agree, and what decodes has one
// spelling.
#include "codec/base64.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace sluice;
using namespace sluice::codec;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(std::as_bytes(std::span(data, size)));
  const auto whole = base64_decode(text);

  Base64Decoder decoder;
  Bytes streamed;
  bool good = true;
  const std::size_t piece = size == 0 ? 1 : data[size / 2] % 13U + 1U;
  for (std::size_t at = 0; good && at < size; at += piece) {
    good = decoder.update(text.substr(at, piece), streamed).has_value();
  }
  good = good && decoder.finish().has_value();

  if (whole.has_value() != good) std::abort();
  if (whole && (*whole != streamed || base64_encode(*whole) != text)) std::abort();
  return 0;
}
