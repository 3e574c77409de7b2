// The byte layout that all of sluice's own binary formats share: little-endian fixed integers,
// LEB128 variable integers (as protobuf's uvarint), length-prefixed strings.
//
// Writer appends to its own buffer; Reader walks a view it does not own and never reads past it. A
// Reader that met an error stays failed and gives zeros and nothing: check ok() or finish() once at
// the end. A variable integer longer than it need be is an error. One thread at a time.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::codec {

class WireWriter {
 public:
  void u8(std::uint8_t value);
  void u16(std::uint16_t value);
  void u32(std::uint32_t value);
  void u64(std::uint64_t value);
  void varint(std::uint64_t value);
  void zigzag(std::int64_t value);  // signed, as protobuf's sint64
  void raw(ByteView bytes);
  void text(std::string_view value);  // varint length, bytes
  void blob(ByteView value);          // varint length, bytes

  const Bytes& bytes() const { return bytes_; }
  Bytes take() { return std::move(bytes_); }
  std::size_t size() const { return bytes_.size(); }
  // Overwrites four bytes that were written before: a length known only now.
  void put_u32_at(std::size_t offset, std::uint32_t value);

 private:
  Bytes bytes_;
};

class WireReader {
 public:
  explicit WireReader(ByteView bytes) : rest_(bytes) {}

  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  std::uint64_t varint();
  std::int64_t zigzag();
  // Views into what the reader walks; longer than `size_max` is an error.
  ByteView raw(std::size_t size);
  std::string text(std::size_t size_max);
  ByteView blob(std::size_t size_max);
  // A count of things that take at least `bytes_each` bytes: refused when the rest cannot hold
  // them, so that no announced count makes us allocate more than the input's own size.
  std::size_t count(std::size_t bytes_each);

  bool ok() const { return ok_; }
  void fail() {
    ok_ = false;
    rest_ = {};
  }
  ByteView rest() const { return rest_; }
  // Code::corrupt unless everything was read and nothing failed; `what` names the thing in the
  // message.
  Result<void> finish(std::string_view what) const;

 private:
  ByteView rest_;
  bool ok_ = true;
};

}  // namespace sluice::codec
