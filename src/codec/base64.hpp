// Base64 with the standard alphabet and padding, whole and as a stream (RFC 4648 section 4).
//
// Functions: any thread; a decoder belongs to one thread at a time. Bad characters, line breaks
// too, wrong padding and left-over bits are errors: nothing is skipped, and every value has one
// spelling.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::codec {

std::string base64_encode(ByteView bytes);
std::optional<Bytes> base64_decode(std::string_view text);
// Into a buffer of exactly the decoded size; false on any mismatch. No allocation: the hot path.
bool base64_decode_exact(std::string_view text, MutableByteView into);
inline std::size_t base64_size(std::size_t size_bytes) { return (size_bytes + 2) / 3 * 4; }

// Decodes text that arrives in pieces of any length.
class Base64Decoder {
 public:
  // Appends the bytes that `text` completes to `out`. Code::corrupt ends the stream.
  Result<void> update(std::string_view text, Bytes& out);
  // Ends the stream: an error when a group of four is incomplete.
  Result<void> finish() const;

 private:
  Result<void> decode_whole(std::string_view text, Bytes& out);

  std::array<char, 4> group_{};  // the beginning of a group of four
  std::size_t count_ = 0;        // characters of it
  bool ended_ = false;           // padding was seen: nothing may follow
};

}  // namespace sluice::codec
