#include "codec/base64.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace sluice::codec {
namespace {

// Groups are stored by copying the low bytes of an integer.
static_assert(std::endian::native == std::endian::little);

constexpr std::string_view k_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint32_t k_bad = 0xff000000U;
constexpr std::size_t k_group = 4;  // characters that make three bytes

using Table = std::array<std::uint32_t, 256>;
using Pairs = std::array<std::array<char, 2>, 4096>;

// One table for each place in a group of four, its six bits already where they belong in the three
// bytes (as they lie in memory on a little-endian machine): a group is four look-ups and three ors.
// The method is that of Nick Galbreath's modp_b64.
constexpr std::array<Table, 4> make_tables() {
  std::array<Table, 4> tables{};
  for (Table& table : tables) table.fill(k_bad);
  for (std::uint32_t i = 0; i < 64; ++i) {
    const auto c = static_cast<unsigned char>(k_alphabet[i]);
    tables[0][c] = i << 2U;
    tables[1][c] = (i >> 4U) | ((i & 0x0fU) << 12U);
    tables[2][c] = ((i >> 2U) << 8U) | ((i & 0x03U) << 22U);
    tables[3][c] = i << 16U;
  }
  return tables;
}

// Twelve bits to two characters: a group of three bytes is two look-ups.
constexpr Pairs make_pairs() {
  Pairs pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i] = {k_alphabet[i >> 6U], k_alphabet[i & 63U]};
  }
  return pairs;
}

constexpr std::array<Table, 4> k_tables = make_tables();
constexpr Pairs k_pairs = make_pairs();

std::uint32_t group_of(const char* text) {
  const auto* c = reinterpret_cast<const unsigned char*>(text);
  return k_tables[0][c[0]] | k_tables[1][c[1]] | k_tables[2][c[2]] | k_tables[3][c[3]];
}

// Decodes whole groups without padding; false when one has a character outside the alphabet.
bool decode_groups(std::string_view text, std::byte* into) {
  const char* at = text.data();
  const char* const end = at + text.size() / k_group * k_group;
  // Four groups are judged at once. Each writes one byte too many, which the next one overwrites;
  // the last group of all must not, so it stays for the loop behind.
  while (end - at > 16) {
    const std::uint32_t a = group_of(at);
    const std::uint32_t b = group_of(at + 4);
    const std::uint32_t c = group_of(at + 8);
    const std::uint32_t d = group_of(at + 12);
    if ((a | b | c | d) >= k_bad) return false;
    const std::uint64_t low = a | (std::uint64_t{b} << 24U);
    const std::uint64_t high = c | (std::uint64_t{d} << 24U);
    std::memcpy(into, &low, sizeof low);
    std::memcpy(into + 6, &high, 6);
    at += 16;
    into += 12;
  }
  for (; at < end; at += k_group, into += 3) {
    const std::uint32_t group = group_of(at);
    if (group >= k_bad) return false;
    std::memcpy(into, &group, 3);
  }
  return true;
}

std::size_t padding_of(std::string_view text) {
  if (text.ends_with("==")) return 2;
  return text.ends_with("=") ? 1 : 0;
}

// A group that ends in padding; the bits that padding leaves over must be zero.
bool decode_padded(std::string_view group, std::size_t padding, std::byte* into) {
  const std::array<char, 4> whole = {group[0], group[1], padding < 2 ? group[2] : 'A', 'A'};
  const std::uint32_t bits = group_of(whole.data());
  const std::size_t size = 3 - padding;
  if (bits >= k_bad || (bits >> (8 * size)) != 0) return false;
  std::memcpy(into, &bits, size);
  return true;
}

std::unexpected<Error> bad(std::string_view why) {
  return fail(Code::corrupt, "base64: " + std::string(why));
}

}  // namespace

std::string base64_encode(ByteView bytes) {
  std::string text(base64_size(bytes.size()), '=');
  char* out = text.data();
  const auto pair = [&out](std::uint32_t twelve_bits) {
    std::memcpy(out, k_pairs[twelve_bits].data(), 2);
    out += 2;
  };
  const auto byte_at = [&bytes](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t group = (byte_at(i) << 16U) | (byte_at(i + 1) << 8U) | byte_at(i + 2);
    pair(group >> 12U);
    pair(group & 0xfffU);
  }
  const std::size_t rest = bytes.size() - i;
  if (rest == 1) pair(byte_at(i) << 4U);
  if (rest == 2) {
    pair((byte_at(i) << 4U) | (byte_at(i + 1) >> 4U));
    *out = k_alphabet[(byte_at(i + 1) & 0x0fU) << 2U];
  }
  return text;
}

bool base64_decode_exact(std::string_view text, MutableByteView into) {
  if (text.size() != base64_size(into.size())) return false;
  if (text.empty()) return true;
  const std::size_t padding = padding_of(text);
  if (text.size() / k_group * 3 - padding != into.size()) return false;
  if (padding == 0) return decode_groups(text, into.data());
  const std::string_view whole = text.substr(0, text.size() - k_group);
  return decode_groups(whole, into.data()) &&
         decode_padded(text.substr(whole.size()), padding,
                       into.data() + whole.size() / k_group * 3);
}

std::optional<Bytes> base64_decode(std::string_view text) {
  if (text.size() % k_group != 0) return std::nullopt;
  Bytes bytes(text.size() / k_group * 3 - padding_of(text));
  if (!base64_decode_exact(text, bytes)) return std::nullopt;
  return bytes;
}

Result<void> Base64Decoder::update(std::string_view text, Bytes& out) {
  if (text.empty()) return {};
  if (ended_) return bad("text behind the padding");
  if (count_ > 0) {
    const std::size_t taken = std::min(k_group - count_, text.size());
    std::memcpy(group_.data() + count_, text.data(), taken);
    count_ += taken;
    text.remove_prefix(taken);
    if (count_ < k_group) return {};
    count_ = 0;
    TRY(decode_whole(std::string_view(group_.data(), k_group), out));
    if (text.empty()) return {};
    if (ended_) return bad("text behind the padding");
  }
  const std::size_t whole = text.size() / k_group * k_group;
  TRY(decode_whole(text.substr(0, whole), out));
  text.remove_prefix(whole);
  if (text.empty()) return {};
  if (ended_) return bad("text behind the padding");
  std::memcpy(group_.data(), text.data(), text.size());
  count_ = text.size();
  return {};
}

// Whole groups, of which only the last may be padded.
Result<void> Base64Decoder::decode_whole(std::string_view text, Bytes& out) {
  if (text.empty()) return {};
  const std::size_t padding = padding_of(text);
  const std::size_t before = out.size();
  out.resize(before + text.size() / k_group * 3 - padding);
  ended_ = padding > 0;
  if (base64_decode_exact(text, MutableByteView(out).subspan(before))) return {};
  out.resize(before);
  return bad("a character outside the alphabet, or bits left over");
}

Result<void> Base64Decoder::finish() const {
  if (count_ != 0) return bad("the last group of four is incomplete");
  return {};
}

}  // namespace sluice::codec
