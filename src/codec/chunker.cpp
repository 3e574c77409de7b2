#include "codec/chunker.hpp"

#include "base/digest.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace sluice::codec {

namespace {

using Gear = std::array<std::uint64_t, 256>;

// Random numbers that are the same everywhere: the beginning of each byte's SHA-256.
Gear make_gear() {
  Gear gear{};
  for (std::size_t i = 0; i < gear.size(); ++i) {
    const std::array byte = {static_cast<std::byte>(i)};
    const auto digest = sha256(byte);
    std::memcpy(&gear[i], digest.data(), sizeof gear[i]);
  }
  return gear;
}

// The hash moves to the left, so its upper bits have seen the last 64 bytes.
constexpr std::uint64_t upper_bits(int count) { return ~std::uint64_t{0} << (64 - count); }

// Two bits more before the average and two fewer after it keep most chunks near it.
constexpr int k_bits = std::bit_width(k_chunk_average) - 1;
constexpr std::uint64_t k_strict = upper_bits(k_bits + 2);
constexpr std::uint64_t k_loose = upper_bits(k_bits - 2);

}  // namespace

std::size_t chunk_length(ByteView bytes) {
  static const Gear gear = make_gear();
  const std::size_t end = std::min(bytes.size(), k_chunk_max);
  const std::size_t average = std::min(end, k_chunk_average);
  std::uint64_t hash = 0;
  std::size_t at = std::min(end, k_chunk_min);
  for (; at < average; ++at) {
    hash = (hash << 1U) + gear[std::to_integer<std::uint8_t>(bytes[at])];
    if ((hash & k_strict) == 0) return at + 1;
  }
  for (; at < end; ++at) {
    hash = (hash << 1U) + gear[std::to_integer<std::uint8_t>(bytes[at])];
    if ((hash & k_loose) == 0) return at + 1;
  }
  return end;
}

}  // namespace sluice::codec
