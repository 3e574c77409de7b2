#include "codec/zstd.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>
#include <zstd.h>

#include <string>
#include <thread>
#include <vector>

using namespace sluice;
using namespace sluice::codec;

namespace {

// Compressible and longer than any of zstd's buffers.
Bytes sample(std::size_t size) {
  Bytes bytes(size);
  std::uint32_t state = 12345;
  for (std::byte& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::byte>((state >> 24U) & 0x1fU);
  }
  return bytes;
}

ByteSink append_to(Bytes& out) {
  return [&out](ByteView bytes) -> Result<void> {
    append(out, bytes);
    return {};
  };
}

Result<Bytes> compress_in_pieces(ByteView bytes, std::size_t piece, std::uint64_t announced,
                                 bool long_distance = false) {
  Bytes out;
  ZstdCompressor compressor(append_to(out), {.long_distance = long_distance}, announced);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    TRY(compressor.write(bytes.subspan(at, std::min(piece, bytes.size() - at))));
  }
  TRY(compressor.finish());
  return out;
}

Result<Bytes> decompress_in_pieces(ByteView frame, std::size_t piece, std::uint64_t size) {
  Bytes out;
  ZstdDecompressor decompressor(append_to(out), size);
  for (std::size_t at = 0; at < frame.size(); at += piece) {
    auto written = decompressor.write(frame.subspan(at, std::min(piece, frame.size() - at)));
    CHECK(out.size() <= size);
    if (!written) return std::unexpected(written.error());
  }
  TRY(decompressor.finish());
  return out;
}

bool is_corrupt(const Result<Bytes>& result) {
  return !result && result.error().code == Code::corrupt;
}

}  // namespace

TEST_CASE("what was compressed comes back, whole and in pieces of any length") {
  CHECK(rc::check([](const std::vector<std::uint8_t>& data, std::uint8_t length, bool known) {
    const Bytes bytes = copy_of(std::as_bytes(std::span(data)));
    const std::size_t piece = length % 37U + 1U;
    const Bytes whole = zstd_compress(bytes);
    RC_ASSERT(zstd_decompress(whole, bytes.size()).value() == bytes);
    RC_ASSERT(decompress_in_pieces(whole, piece, bytes.size()).value() == bytes);
    const auto pieces =
        compress_in_pieces(bytes, piece, known ? bytes.size() : k_zstd_size_unknown);
    RC_ASSERT(zstd_decompress(pieces.value(), bytes.size()).value() == bytes);
    RC_ASSERT(decompress_in_pieces(pieces.value(), piece, bytes.size()).value() == bytes);
  }));
}

TEST_CASE("bodies longer than the buffers pass through in both directions") {
  for (const std::size_t size : {128U << 10U, (128U << 10U) + 1U, 1'000'000U}) {
    CAPTURE(size);
    const Bytes bytes = sample(size);
    const auto frame = compress_in_pieces(bytes, 65'536, size);
    REQUIRE(frame);
    CHECK(frame->size() < size);
    CHECK(zstd_decompress(*frame, size) == bytes);
    for (const std::size_t piece : {std::size_t{1000}, frame->size()}) {
      CHECK(decompress_in_pieces(*frame, piece, size) == bytes);
    }
  }
}

TEST_CASE("every level that may be asked for can be read") {
  const Bytes bytes = sample(300'000);
  for (const int level : {-100, -1, 1, 3, 9, 19, 22}) {
    CAPTURE(level);
    const Bytes frame = zstd_compress(bytes, {.level = level});
    CHECK(zstd_decompress(frame, bytes.size()) == bytes);
    CHECK(decompress_in_pieces(frame, 4096, bytes.size()) == bytes);
  }
}

TEST_CASE("repeats that lie far apart are found where that is asked for") {
  const Bytes noise = sample(3U << 20U);
  Bytes bytes = noise;
  append(bytes, noise);
  const Bytes near = zstd_compress(bytes);
  for (const Bytes& frame : {zstd_compress(bytes, {.level = 1, .long_distance = true}),
                             compress_in_pieces(bytes, 100'000, bytes.size(), true).value()}) {
    CHECK(frame.size() < near.size() * 2 / 3);
    CHECK(zstd_decompress(frame, bytes.size()) == bytes);
    CHECK(decompress_in_pieces(frame, 4096, bytes.size()) == bytes);
  }
  // A thread's contexts are lent again, and forget what the last one wanted.
  CHECK(zstd_compress(bytes) == near);
}

TEST_CASE("a size other than the frame's is corrupt, before memory is spent on it") {
  const Bytes bytes = sample(200'000);
  for (const bool known : {true, false}) {
    const Bytes frame =
        compress_in_pieces(bytes, 50'000, known ? bytes.size() : k_zstd_size_unknown).value();
    for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{131'072},
                                     std::uint64_t{199'999}, std::uint64_t{200'001}}) {
      CAPTURE(size);
      CHECK(is_corrupt(zstd_decompress(frame, size)));
      CHECK(is_corrupt(decompress_in_pieces(frame, 1000, size)));
      CHECK(is_corrupt(decompress_in_pieces(frame, frame.size(), size)));
    }
    CHECK(is_corrupt(zstd_decompress(frame, std::uint64_t{1} << 60U)));
    CHECK(is_corrupt(decompress_in_pieces(frame, 1000, std::uint64_t{1} << 60U)));
  }
}

TEST_CASE("a frame that claims an impossible size is refused without memory") {
  // Magic, a single-segment header with eight bytes of content size, one empty last block.
  Bytes frame;
  for (const unsigned value : {0x28U, 0xb5U, 0x2fU, 0xfdU, 0xe0U}) {
    frame.push_back(static_cast<std::byte>(value));
  }
  for (int i = 0; i < 8; ++i) frame.push_back(static_cast<std::byte>(i == 7 ? 0x10 : 0));
  for (const unsigned value : {1U, 0U, 0U}) frame.push_back(static_cast<std::byte>(value));
  CHECK(is_corrupt(zstd_decompress(frame, std::uint64_t{0x10} << 56U)));
}

TEST_CASE("a frame whose header says more than its blocks give is corrupt for both readers") {
  // Announces 145 bytes, has one empty last block and the checksum of nothing.
  Bytes frame;
  for (const unsigned value :
       {0x28U, 0xb5U, 0x2fU, 0xfdU, 0x24U, 0x91U, 1U, 0U, 0U, 0x99U, 0xe9U, 0xd8U, 0x51U}) {
    frame.push_back(static_cast<std::byte>(value));
  }
  for (const std::uint64_t size : {0U, 145U}) {
    CHECK(is_corrupt(zstd_decompress(frame, size)));
    for (std::size_t piece = 1; piece <= frame.size(); ++piece) {
      CHECK(is_corrupt(decompress_in_pieces(frame, piece, size)));
    }
  }
}

TEST_CASE("cut, changed, doubled and foreign frames are corrupt") {
  const Bytes bytes = sample(5'000);
  const Bytes frame = zstd_compress(bytes);
  for (std::size_t size = 0; size < frame.size(); size += size < 20 ? 1 : 97) {
    CAPTURE(size);
    CHECK(is_corrupt(zstd_decompress(ByteView(frame).first(size), bytes.size())));
    CHECK(is_corrupt(decompress_in_pieces(ByteView(frame).first(size), 11, bytes.size())));
  }
  Bytes doubled = frame;
  append(doubled, frame);
  CHECK(is_corrupt(zstd_decompress(doubled, 2 * bytes.size())));
  CHECK(is_corrupt(decompress_in_pieces(doubled, doubled.size(), 2 * bytes.size())));
  CHECK(is_corrupt(decompress_in_pieces(doubled, 100, bytes.size())));
  Bytes trailing = frame;
  trailing.push_back(std::byte{0});
  CHECK(is_corrupt(zstd_decompress(trailing, bytes.size())));
  CHECK(is_corrupt(decompress_in_pieces(trailing, 64, bytes.size())));
  // A skippable frame gives nothing and is none of ours.
  Bytes skippable = {std::byte{0x50}, std::byte{0x2a}, std::byte{0x4d}, std::byte{0x18},
                     std::byte{0},    std::byte{0},    std::byte{0},    std::byte{0}};
  CHECK(is_corrupt(zstd_decompress(skippable, 0)));
  CHECK(is_corrupt(decompress_in_pieces(skippable, 3, 0)));
  CHECK(is_corrupt(zstd_decompress({}, 0)));
}

TEST_CASE("changed bytes never give more than was announced") {
  CHECK(rc::check([](std::uint16_t where, std::uint8_t what, std::uint8_t length) {
    const Bytes bytes = sample(3'000);
    Bytes frame = zstd_compress(bytes);
    frame[where % frame.size()] = static_cast<std::byte>(what);
    const auto whole = zstd_decompress(frame, bytes.size());
    if (whole) RC_ASSERT(whole->size() == bytes.size());
    static_cast<void>(decompress_in_pieces(frame, length + 1U, bytes.size()));
  }));
}

TEST_CASE("a frame that needs a huge window is refused by the streaming reader") {
  const Bytes bytes = sample(100);
  Bytes frame(1000);
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 27);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  ZSTD_inBuffer input{.src = bytes.data(), .size = bytes.size(), .pos = 0};
  ZSTD_outBuffer output{.dst = frame.data(), .size = frame.size(), .pos = 0};
  ZSTD_compressStream2(context, &output, &input, ZSTD_e_continue);
  REQUIRE(ZSTD_compressStream2(context, &output, &input, ZSTD_e_end) == 0);
  ZSTD_freeCCtx(context);
  frame.resize(output.pos);
  CHECK(is_corrupt(decompress_in_pieces(frame, 10, bytes.size())));
}

TEST_CASE("content of another size than announced is an error of the writer") {
  const Bytes bytes = sample(1000);
  CHECK_FALSE(compress_in_pieces(bytes, 100, 999));
  CHECK_FALSE(compress_in_pieces(bytes, 100, 1001));
}

TEST_CASE("the sink's error stops both directions and comes back as it was") {
  const ByteSink full = [](ByteView) -> Result<void> { return fail(Code::exhausted, "disk full"); };
  const Bytes bytes = sample(500'000);
  ZstdCompressor compressor(full, {}, bytes.size());
  auto written = compressor.write(bytes);
  if (written) written = compressor.finish();
  REQUIRE_FALSE(written);
  CHECK(written.error().code == Code::exhausted);
  ZstdDecompressor decompressor(full, bytes.size());
  const auto read = decompressor.write(zstd_compress(bytes));
  REQUIRE_FALSE(read);
  CHECK(read.error().message == "disk full");
}

TEST_CASE("a finished frame takes no more") {
  Bytes out;
  ZstdCompressor compressor(append_to(out), {}, k_zstd_size_unknown);
  REQUIRE(compressor.finish());
  CHECK_FALSE(compressor.write(sample(1)));
  CHECK(zstd_decompress(out, 0).value().empty());
}

TEST_CASE("contexts of one thread do not meet: interleaved, moved, and in many threads") {
  const Bytes bytes = sample(300'000);
  std::vector<std::thread> threads;
  std::vector<int> good(4, 0);
  for (int& result : good) {
    threads.emplace_back([&bytes, &result] {
      Bytes first;
      Bytes second;
      ZstdCompressor a(append_to(first), {.level = 3}, bytes.size());
      ZstdCompressor b(append_to(second), {}, bytes.size());
      ZstdCompressor c(append_to(second), {}, 0);  // more than a thread keeps
      bool ok = a.write(bytes).has_value() && b.write(bytes).has_value();
      ZstdCompressor moved = std::move(a);
      ok = ok && moved.finish().has_value() && b.finish().has_value();
      ok = ok && zstd_decompress(first, bytes.size()) == bytes;
      ok = ok && zstd_decompress(second, bytes.size()) == bytes;
      result = ok ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int result : good) CHECK(result == 1);
}
