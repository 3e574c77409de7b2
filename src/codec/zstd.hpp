// zstd frames: whole and streamed, with a bound on what may come out.
//
// Functions: any thread; objects belong to one thread at a time and own their sink, whose errors
// they hand on. Anything that is not exactly one zstd frame is Code::corrupt, and a frame that
// would exceed the announced size is so before any byte past it is produced: a bomb costs nothing.
// No frame may need a window above 8 MiB.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace sluice::codec {

inline constexpr int k_zstd_level_default = 1;  // measured on Go's outputs: docs/decisions
// For ZstdCompressor, when the size of the content is not known before.
inline constexpr std::uint64_t k_zstd_size_unknown = UINT64_MAX;
using ByteSink = std::function<Result<void>(ByteView)>;

struct ZstdEffort {
  int level = k_zstd_level_default;  // held within -5 and 19
  // Finds repeats of 64 bytes and more anywhere in the 8 MiB before: what is like one large file.
  bool long_distance = false;
};

Bytes zstd_compress(ByteView bytes, ZstdEffort effort = {});
// Exactly one frame that gives exactly `size` bytes.
Result<Bytes> zstd_decompress(ByteView frame, std::uint64_t size);

// One frame written piece by piece; the content size is recorded when told, and content of another
// size is then an error.
class ZstdCompressor {
 public:
  ZstdCompressor(ByteSink sink, ZstdEffort effort, std::uint64_t content_size);
  ~ZstdCompressor();
  ZstdCompressor(ZstdCompressor&&) noexcept;
  ZstdCompressor& operator=(ZstdCompressor&&) noexcept;
  Result<void> write(ByteView bytes);
  Result<void> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One frame read piece by piece; gives exactly `size` bytes or an error.
class ZstdDecompressor {
 public:
  ZstdDecompressor(ByteSink sink, std::uint64_t size);
  ~ZstdDecompressor();
  ZstdDecompressor(ZstdDecompressor&&) noexcept;
  ZstdDecompressor& operator=(ZstdDecompressor&&) noexcept;
  Result<void> write(ByteView frame_bytes);
  Result<void> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::codec
