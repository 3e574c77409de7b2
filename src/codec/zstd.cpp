#include "codec/zstd.hpp"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

namespace sluice::codec {
namespace {

// Levels above 19 need windows that the reader refuses.
constexpr int k_level_min = -5;
constexpr int k_level_max = 19;
// 8 MiB, the largest window of level 19: more memory than that no frame may ask for.
constexpr int k_window_log_max = 23;
// No block of zstd gives more than 128 KiB and none is shorter than four bytes (RFC 8878, 3.1.1.2):
// a frame that claims more is a lie that would only cost memory.
constexpr std::uint64_t k_block_size_max = 128U << 10U;
constexpr std::uint64_t k_block_bytes_min = 4;
// Contexts that a thread keeps; what nests deeper makes its own.
constexpr std::size_t k_contexts_kept_max = 2;
// RFC 8878, 3.1.1: magic number and the longest frame header.
constexpr std::size_t k_header_size_max = 18;

std::unexpected<Error> corrupt(std::string_view why) {
  return fail(Code::corrupt, fmt::format("zstd: {}", why));
}

std::unexpected<Error> wrong_size(std::uint64_t announced, std::uint64_t size) {
  return corrupt(fmt::format("the frame announces {} bytes in place of {}", announced, size));
}

struct Compression {
  using Raw = ZSTD_CCtx;
  static Raw* make() { return ZSTD_createCCtx(); }
  static void reset(Raw* raw) { ZSTD_CCtx_reset(raw, ZSTD_reset_session_and_parameters); }
  static void free(Raw* raw) { ZSTD_freeCCtx(raw); }
  static std::size_t buffer_size() { return ZSTD_CStreamOutSize(); }
};
struct Decompression {
  using Raw = ZSTD_DCtx;
  static Raw* make() { return ZSTD_createDCtx(); }
  static void reset(Raw* raw) { ZSTD_DCtx_reset(raw, ZSTD_reset_session_and_parameters); }
  static void free(Raw* raw) { ZSTD_freeDCtx(raw); }
  static std::size_t buffer_size() { return ZSTD_DStreamOutSize(); }
};

// A context and a buffer for its output, lent by this thread: making them costs more than handling
// a small blob. They may be given back by another thread and then stay there.
template <class Kind>
class Lent {
 public:
  using Raw = typename Kind::Raw;

  Lent() {
    std::vector<Pair>& kept = shelf().kept;
    if (kept.empty()) {
      pair_.raw.reset(Kind::make());
      if (pair_.raw == nullptr) std::abort();  // out of memory
    } else {
      pair_ = std::move(kept.back());
      kept.pop_back();
    }
  }
  ~Lent() {
    if (thread_ends || shelf().kept.size() >= k_contexts_kept_max) return;
    Kind::reset(pair_.raw.get());
    shelf().kept.push_back(std::move(pair_));
  }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;

  Raw* get() const { return pair_.raw.get(); }
  MutableByteView buffer() {
    if (pair_.buffer.empty()) pair_.buffer.resize(Kind::buffer_size());
    return pair_.buffer;
  }

 private:
  struct Free {
    void operator()(Raw* raw) const { Kind::free(raw); }
  };
  struct Pair {
    std::unique_ptr<Raw, Free> raw;
    Bytes buffer;
  };
  struct Shelf {
    std::vector<Pair> kept;
    ~Shelf() { thread_ends = true; }
  };
  static Shelf& shelf() {
    thread_local Shelf shelf;
    return shelf;
  }

  // Objects that outlive their thread's shelf free their own.
  inline static thread_local bool thread_ends = false;
  Pair pair_;
};

// The beginning of every frame; what zstd also understands (skippable and ancient frames) is
// refused.
constexpr std::array<std::byte, 4> k_magic = {std::byte{0x28}, std::byte{0xb5}, std::byte{0x2f},
                                              std::byte{0xfd}};

void prepare(ZSTD_CCtx* context, ZstdEffort effort) {
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel,
                         std::clamp(effort.level, k_level_min, k_level_max));
  if (!effort.long_distance) return;
  ZSTD_CCtx_setParameter(context, ZSTD_c_enableLongDistanceMatching, 1);
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, k_window_log_max);
}

}  // namespace

Bytes zstd_compress(ByteView bytes, ZstdEffort effort) {
  const Lent<Compression> context;
  prepare(context.get(), effort);
  Bytes frame(ZSTD_compressBound(bytes.size()));
  const std::size_t size =
      ZSTD_compress2(context.get(), frame.data(), frame.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(size) != 0U) std::abort();  // the buffer suffices: only memory can be short
  frame.resize(size);
  frame.shrink_to_fit();  // the bound is generous, and frames wait in queues
  return frame;
}

Result<Bytes> zstd_decompress(ByteView frame, std::uint64_t size) {
  if (frame.size() < k_magic.size() || !std::equal(k_magic.begin(), k_magic.end(), frame.begin())) {
    return corrupt("not a frame");
  }
  const unsigned long long announced = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (announced == ZSTD_CONTENTSIZE_ERROR) return corrupt("not a frame");
  if (announced != ZSTD_CONTENTSIZE_UNKNOWN && announced != size) {
    return wrong_size(announced, size);
  }
  const std::size_t frame_size = ZSTD_findFrameCompressedSize(frame.data(), frame.size());
  if (ZSTD_isError(frame_size) != 0U || frame_size != frame.size()) {
    return corrupt("the frame is cut short, or more follows it");
  }
  if (size > frame.size() / k_block_bytes_min * k_block_size_max) {
    return corrupt(fmt::format("a frame of {} bytes cannot give {}", frame.size(), size));
  }
  const Lent<Decompression> context;
  Bytes bytes(static_cast<std::size_t>(size));
  const std::size_t done =
      ZSTD_decompressDCtx(context.get(), bytes.data(), bytes.size(), frame.data(), frame.size());
  if (ZSTD_isError(done) != 0U) return corrupt(ZSTD_getErrorName(done));
  if (done != size) return corrupt(fmt::format("the frame gives {} bytes of {}", done, size));
  return bytes;
}

struct ZstdCompressor::State {
  explicit State(ByteSink to) : sink(std::move(to)) {}

  ByteSink sink;
  Lent<Compression> context;
  bool ended = false;

  Result<void> run(ByteView bytes, ZSTD_EndDirective end) {
    if (ended) return fail(Code::invalid, "zstd: the frame was finished before");
    const MutableByteView buffer = context.buffer();
    ZSTD_inBuffer input{.src = bytes.data(), .size = bytes.size(), .pos = 0};
    for (;;) {
      ZSTD_outBuffer output{.dst = buffer.data(), .size = buffer.size(), .pos = 0};
      const std::size_t left = ZSTD_compressStream2(context.get(), &output, &input, end);
      // A source that gives more or fewer bytes than it announced: it changed while it was read.
      if (ZSTD_isError(left) != 0U) return corrupt(ZSTD_getErrorName(left));
      if (output.pos > 0) TRY(sink(ByteView(buffer).first(output.pos)));
      const bool done = end == ZSTD_e_end ? left == 0 : input.pos == input.size;
      if (!done) continue;
      ended = end == ZSTD_e_end;
      return {};
    }
  }
};

ZstdCompressor::ZstdCompressor(ByteSink sink, ZstdEffort effort, std::uint64_t content_size)
    : state_(std::make_unique<State>(std::move(sink))) {
  static_assert(k_zstd_size_unknown == ZSTD_CONTENTSIZE_UNKNOWN);
  prepare(state_->context.get(), effort);
  ZSTD_CCtx_setPledgedSrcSize(state_->context.get(), content_size);
}
ZstdCompressor::~ZstdCompressor() = default;
ZstdCompressor::ZstdCompressor(ZstdCompressor&&) noexcept = default;
ZstdCompressor& ZstdCompressor::operator=(ZstdCompressor&&) noexcept = default;

Result<void> ZstdCompressor::write(ByteView bytes) { return state_->run(bytes, ZSTD_e_continue); }
Result<void> ZstdCompressor::finish() { return state_->run({}, ZSTD_e_end); }

struct ZstdDecompressor::State {
  State(ByteSink to, std::uint64_t size_bytes) : sink(std::move(to)), size(size_bytes) {}

  ByteSink sink;
  std::uint64_t size;
  std::uint64_t done = 0;
  Bytes header;  // the beginning of the frame, until it is judged
  bool judged = false;
  bool ended = false;
  Lent<Decompression> context;

  // What the frame says of itself before anything is decoded; the library's streaming reader
  // believes an empty last block more than the announced size.
  Result<void> judge_header(ByteView bytes) {
    if (judged) return {};
    append(header, bytes.first(std::min(bytes.size(), k_header_size_max - header.size())));
    const std::size_t known = std::min(header.size(), k_magic.size());
    if (!std::equal(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(known),
                    k_magic.begin())) {
      return corrupt("not a frame");
    }
    const unsigned long long announced = ZSTD_getFrameContentSize(header.data(), header.size());
    if (announced == ZSTD_CONTENTSIZE_ERROR) {
      judged = header.size() == k_header_size_max;  // the decoder says what is wrong with it
      return {};
    }
    judged = true;
    if (announced == ZSTD_CONTENTSIZE_UNKNOWN || announced == size) return {};
    return wrong_size(announced, size);
  }

  Result<void> run(ByteView bytes) {
    TRY(judge_header(bytes));
    const MutableByteView buffer = context.buffer();
    ZSTD_inBuffer input{.src = bytes.data(), .size = bytes.size(), .pos = 0};
    bool was_full = false;
    while (input.pos < input.size || was_full) {
      if (ended) return corrupt("more follows the frame");
      // The decoder gets no room for a byte past the announced size, so that it cannot make one.
      const std::uint64_t room = std::min<std::uint64_t>(buffer.size(), size - done);
      ZSTD_outBuffer output{.dst = buffer.data(), .size = static_cast<std::size_t>(room), .pos = 0};
      const std::size_t before = input.pos;
      const std::size_t left = ZSTD_decompressStream(context.get(), &output, &input);
      if (ZSTD_isError(left) != 0U) return corrupt(ZSTD_getErrorName(left));
      ended = left == 0;
      if (!ended && input.pos == before && output.pos == 0) {
        if (input.pos == input.size) return {};  // all output was out already
        return corrupt(fmt::format("the frame gives more than {} bytes", size));
      }
      done += output.pos;
      was_full = !ended && output.pos == room && room > 0;
      if (output.pos > 0) TRY(sink(ByteView(buffer).first(output.pos)));
    }
    return {};
  }
};

ZstdDecompressor::ZstdDecompressor(ByteSink sink, std::uint64_t size)
    : state_(std::make_unique<State>(std::move(sink), size)) {
  ZSTD_DCtx_setParameter(state_->context.get(), ZSTD_d_windowLogMax, k_window_log_max);
}
ZstdDecompressor::~ZstdDecompressor() = default;
ZstdDecompressor::ZstdDecompressor(ZstdDecompressor&&) noexcept = default;
ZstdDecompressor& ZstdDecompressor::operator=(ZstdDecompressor&&) noexcept = default;

Result<void> ZstdDecompressor::write(ByteView frame_bytes) { return state_->run(frame_bytes); }

Result<void> ZstdDecompressor::finish() {
  const State& state = *state_;
  if (!state.ended) return corrupt("the frame is cut short");
  if (state.done != state.size) {
    return corrupt(fmt::format("the frame gives {} bytes of {}", state.done, state.size));
  }
  return {};
}

}  // namespace sluice::codec
