#include "codec/wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace sluice::codec {
namespace {

constexpr unsigned k_varint_bytes_max = 10;  // 64 bits in groups of seven

// The low `count` bytes of a value, lowest first.
void put(Bytes& bytes, std::uint64_t value, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i, value >>= 8U) {
    bytes.push_back(static_cast<std::byte>(value & 0xffU));
  }
}

std::uint64_t number_of(ByteView bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) {
    value = (value << 8U) | std::to_integer<std::uint64_t>(bytes[i - 1]);
  }
  return value;
}

}  // namespace

void WireWriter::u8(std::uint8_t value) { put(bytes_, value, 1); }
void WireWriter::u16(std::uint16_t value) { put(bytes_, value, 2); }
void WireWriter::u32(std::uint32_t value) { put(bytes_, value, 4); }
void WireWriter::u64(std::uint64_t value) { put(bytes_, value, 8); }

void WireWriter::varint(std::uint64_t value) {
  for (; value >= 0x80U; value >>= 7U) put(bytes_, value | 0x80U, 1);
  put(bytes_, value, 1);
}

void WireWriter::zigzag(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  varint((bits << 1U) ^ static_cast<std::uint64_t>(value < 0 ? -1 : 0));
}

void WireWriter::raw(ByteView bytes) { append(bytes_, bytes); }

void WireWriter::text(std::string_view value) { blob(bytes_of(value)); }

void WireWriter::blob(ByteView value) {
  varint(value.size());
  raw(value);
}

void WireWriter::put_u32_at(std::size_t offset, std::uint32_t value) {
  if (offset + 4 > bytes_.size()) std::abort();  // our own mistake, no matter of input
  for (std::size_t i = 0; i < 4; ++i) {
    bytes_[offset + i] = static_cast<std::byte>((value >> (8 * i)) & 0xffU);
  }
}

ByteView WireReader::raw(std::size_t size) {
  if (!ok_ || size > rest_.size()) {
    fail();
    return {};
  }
  const ByteView bytes = rest_.first(size);
  rest_ = rest_.subspan(size);
  return bytes;
}

std::uint8_t WireReader::u8() { return static_cast<std::uint8_t>(number_of(raw(1))); }
std::uint16_t WireReader::u16() { return static_cast<std::uint16_t>(number_of(raw(2))); }
std::uint32_t WireReader::u32() { return static_cast<std::uint32_t>(number_of(raw(4))); }
std::uint64_t WireReader::u64() { return number_of(raw(8)); }

std::uint64_t WireReader::varint() {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < k_varint_bytes_max; ++i) {
    const std::uint64_t byte = u8();
    if (!ok_) return 0;
    if (i == k_varint_bytes_max - 1 && byte > 1) break;  // more than 64 bits
    value |= (byte & 0x7fU) << (7U * i);
    if (byte >= 0x80U) continue;
    if (byte == 0 && i > 0) break;  // longer than it need be: what is signed has one spelling
    return value;
  }
  fail();
  return 0;
}

std::int64_t WireReader::zigzag() {
  const std::uint64_t bits = varint();
  return static_cast<std::int64_t>((bits >> 1U) ^ (~(bits & 1U) + 1U));
}

std::string WireReader::text(std::size_t size_max) { return std::string(text_of(blob(size_max))); }

ByteView WireReader::blob(std::size_t size_max) {
  const std::uint64_t size = varint();
  if (size > size_max) {
    fail();
    return {};
  }
  return raw(static_cast<std::size_t>(size));
}

std::size_t WireReader::count(std::size_t bytes_each) {
  const std::uint64_t count = varint();
  if (count > rest_.size() / std::max<std::size_t>(bytes_each, 1)) {
    fail();
    return 0;
  }
  return static_cast<std::size_t>(count);
}

Result<void> WireReader::finish(std::string_view what) const {
  if (!ok_) return sluice::fail(Code::corrupt, fmt::format("{}: truncated or malformed", what));
  if (!rest_.empty()) {
    return sluice::fail(Code::corrupt, fmt::format("{}: {} bytes too many", what, rest_.size()));
  }
  return {};
}

}  // namespace sluice::codec
