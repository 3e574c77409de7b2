// Frames of any kind: two bytes announce a size, the rest is the frame. Whole and streamed reading
// agree where both accept, nothing past the announced size comes out, and the input as content
// makes the round trip.
#include "codec/zstd.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace sluice;
using namespace sluice::codec;

namespace {

Result<Bytes> stream(ByteView frame, std::size_t piece, std::uint64_t size) {
  Bytes out;
  ZstdDecompressor decompressor(
      [&out](ByteView bytes) -> Result<void> {
        append(out, bytes);
        return {};
      },
      size);
  for (std::size_t at = 0; at < frame.size(); at += piece) {
    const auto written = decompressor.write(frame.subspan(at, std::min(piece, frame.size() - at)));
    if (out.size() > size) std::abort();
    if (!written) return std::unexpected(written.error());
  }
  TRY(decompressor.finish());
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::uint64_t announced = data[0] + 256U * data[1];
  const ByteView frame = std::as_bytes(std::span(data, size)).subspan(2);

  const auto whole = zstd_decompress(frame, announced);
  const auto streamed = stream(frame, data[0] % 17U + 1U, announced);
  // zstd's two readers differ in what they refuse: streaming large windows, the other one
  // compressed blocks of no bytes. What both accept is the same.
  if (streamed && streamed->size() != announced) std::abort();
  if (streamed && whole && *whole != *streamed) std::abort();
  if (whole && whole->size() != announced) std::abort();

  const Bytes made = zstd_compress(frame);
  const auto back = zstd_decompress(made, frame.size());
  if (!back || !std::equal(back->begin(), back->end(), frame.begin(), frame.end())) std::abort();
  return 0;
}
