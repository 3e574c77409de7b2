#include "codec/wire.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <limits>
#include <vector>

using namespace sluice;
using namespace sluice::codec;

namespace {

Bytes varint_of(std::uint64_t value) {
  WireWriter writer;
  writer.varint(value);
  return writer.take();
}

std::string hex_like(ByteView bytes) {
  std::string text;
  for (const std::byte b : bytes) text += std::to_string(std::to_integer<int>(b)) + " ";
  return text;
}

}  // namespace

TEST_CASE("integers lie in memory lowest byte first, variable ones as protobuf writes them") {
  WireWriter writer;
  writer.u8(1);
  writer.u16(0x0302);
  writer.u32(0x07060504U);
  writer.u64(0x0f0e0d0c0b0a0908ULL);
  CHECK(hex_like(writer.bytes()) == "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 ");
  CHECK(hex_like(varint_of(0)) == "0 ");
  CHECK(hex_like(varint_of(127)) == "127 ");
  CHECK(hex_like(varint_of(128)) == "128 1 ");
  CHECK(hex_like(varint_of(300)) == "172 2 ");
  CHECK(varint_of(std::numeric_limits<std::uint64_t>::max()).size() == 10);
  WireWriter signs;
  for (const std::int64_t value : {0, -1, 1, -2, 2}) signs.zigzag(value);
  CHECK(hex_like(signs.bytes()) == "0 1 2 3 4 ");
}

TEST_CASE("what was written is read back") {
  CHECK(rc::check([](std::uint8_t a, std::uint16_t b, std::uint32_t c, std::uint64_t d,
                     std::uint64_t e, std::int64_t f, const std::string& g,
                     const std::vector<std::uint8_t>& h) {
    const ByteView blob = std::as_bytes(std::span(h));
    WireWriter writer;
    writer.u8(a);
    writer.u16(b);
    writer.u32(c);
    writer.u64(d);
    writer.varint(e);
    writer.zigzag(f);
    writer.text(g);
    writer.blob(blob);
    writer.raw(blob);
    WireReader reader(writer.bytes());
    RC_ASSERT(reader.u8() == a);
    RC_ASSERT(reader.u16() == b);
    RC_ASSERT(reader.u32() == c);
    RC_ASSERT(reader.u64() == d);
    RC_ASSERT(reader.varint() == e);
    RC_ASSERT(reader.zigzag() == f);
    RC_ASSERT(reader.text(g.size()) == g);
    RC_ASSERT(copy_of(reader.blob(h.size())) == copy_of(blob));
    RC_ASSERT(copy_of(reader.raw(h.size())) == copy_of(blob));
    RC_ASSERT(reader.finish("all").has_value());
  }));
}

TEST_CASE("the edges of signed and unsigned numbers survive") {
  for (const std::int64_t value :
       {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    WireWriter writer;
    writer.zigzag(value);
    WireReader reader(writer.bytes());
    CHECK(reader.zigzag() == value);
    CHECK(reader.finish("edge"));
  }
}

TEST_CASE("every cut of a message is noticed and nothing is read past it") {
  WireWriter writer;
  writer.u32(7);
  writer.text("some words");
  writer.varint(1U << 20U);
  writer.u64(9);
  for (std::size_t size = 0; size < writer.size(); ++size) {
    CAPTURE(size);
    WireReader reader(ByteView(writer.bytes()).first(size));
    static_cast<void>(reader.u32());
    static_cast<void>(reader.text(100));
    static_cast<void>(reader.varint());
    static_cast<void>(reader.u64());
    CHECK_FALSE(reader.ok());
    const auto end = reader.finish("message");
    REQUIRE_FALSE(end);
    CHECK(end.error().code == Code::corrupt);
    CHECK(end.error().message.starts_with("message: "));
  }
}

TEST_CASE("a reader that failed stays failed") {
  const Bytes bytes(4, std::byte{1});
  WireReader reader(bytes);
  static_cast<void>(reader.u64());
  CHECK_FALSE(reader.ok());
  CHECK(reader.u8() == 0);
  CHECK(reader.text(10).empty());
  CHECK(reader.raw(0).empty());
  CHECK(reader.count(1) == 0);
  CHECK_FALSE(reader.finish("x"));
}

TEST_CASE("bytes that nobody read are an error") {
  const Bytes bytes(3);
  WireReader reader(bytes);
  static_cast<void>(reader.u16());
  CHECK(reader.ok());
  CHECK_FALSE(reader.finish("x"));
}

TEST_CASE("a variable integer has one spelling and 64 bits") {
  const auto fails = [](std::vector<std::uint8_t> data) {
    WireReader reader(std::as_bytes(std::span(data)));
    static_cast<void>(reader.varint());
    return !reader.ok();
  };
  CHECK(fails({0x80, 0x00}));
  CHECK(fails({0xff, 0x80, 0x00}));
  CHECK(fails({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}));
  CHECK(fails({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}));
  CHECK(fails({0x80}));
  CHECK(fails({}));
  CHECK_FALSE(fails({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}));
}

TEST_CASE("announced sizes and counts cannot exceed their bounds nor the input") {
  WireWriter writer;
  writer.varint(1'000'000'000);
  for (int i = 0; i < 20; ++i) writer.u8(0);
  CHECK_FALSE(WireReader(writer.bytes()).ok() == false);
  WireReader text(writer.bytes());
  CHECK(text.text(SIZE_MAX).empty());
  CHECK_FALSE(text.ok());
  WireReader count(writer.bytes());
  CHECK(count.count(1) == 0);
  CHECK_FALSE(count.ok());
  WireReader weightless(writer.bytes());
  CHECK(weightless.count(0) == 0);
  CHECK_FALSE(weightless.ok());

  WireWriter bounded;
  bounded.text("twelve bytes");
  WireReader small(bounded.bytes());
  CHECK(small.text(11).empty());
  CHECK_FALSE(small.ok());

  WireWriter things;
  things.varint(4);
  things.u64(0);
  WireReader exact(things.bytes());
  CHECK(exact.count(2) == 4);
  CHECK(exact.ok());
  WireReader over(things.bytes());
  CHECK(over.count(3) == 0);
  CHECK_FALSE(over.ok());
}

TEST_CASE("a length is filled in afterwards") {
  WireWriter writer;
  writer.u32(0);
  writer.text("abc");
  writer.put_u32_at(0, static_cast<std::uint32_t>(writer.size() - 4));
  WireReader reader(writer.bytes());
  const std::uint32_t length = reader.u32();
  CHECK(length == reader.rest().size());
}
