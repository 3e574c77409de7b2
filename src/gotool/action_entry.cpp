#include "gotool/action_entry.hpp"

#include <array>
#include <charconv>

namespace sluice::gotool {
namespace {

// "v1 <hex action> <hex output> <size, 20 wide> <time, 20 wide>\n"
constexpr std::size_t k_hex_size = 2 * k_digest_size;
constexpr std::size_t k_number_width = 20;
constexpr std::size_t k_action_at = 3;
constexpr std::size_t k_output_at = k_action_at + k_hex_size + 1;
constexpr std::size_t k_size_at = k_output_at + k_hex_size + 1;
constexpr std::size_t k_time_at = k_size_at + k_number_width + 1;
constexpr std::size_t k_newline_at = k_time_at + k_number_width;
static_assert(k_newline_at + 1 == k_action_entry_size);

std::optional<std::int64_t> padded_number(std::string_view text) {
  const auto digits_at = text.find_first_not_of(' ');
  if (digits_at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(digits_at);
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || at != end || value < 0) return std::nullopt;
  return value;
}

void put_hex(std::string& line, std::size_t at, ByteView bytes) {
  static constexpr char k_digits[] = "0123456789abcdef";
  for (const std::byte b : bytes) {
    const auto value = std::to_integer<unsigned>(b);
    line[at++] = k_digits[value >> 4U];
    line[at++] = k_digits[value & 15U];
  }
}

template <class Number>
void put_number(std::string& line, std::size_t at, Number value) {
  std::array<char, k_number_width> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{}) return;  // cannot be: 20 characters hold every 64-bit number
  const auto count = static_cast<std::size_t>(end - digits.data());
  line.replace(at + k_number_width - count, count, digits.data(), count);
}

}  // namespace

std::string encode_action_entry(const ActionEntry& entry) {
  std::string line(k_action_entry_size, ' ');
  line[0] = 'v';
  line[1] = '1';
  put_hex(line, k_action_at, entry.action.view());
  put_hex(line, k_output_at, entry.output.view());
  put_number(line, k_size_at, entry.size);
  put_number(line, k_time_at, entry.time_ns);
  line[k_newline_at] = '\n';
  return line;
}

std::optional<ActionEntry> decode_action_entry(const ActionId& action, std::string_view text) {
  if (text.size() != k_action_entry_size || !text.starts_with("v1 ") ||
      text[k_output_at - 1] != ' ' || text[k_size_at - 1] != ' ' || text[k_time_at - 1] != ' ' ||
      text[k_newline_at] != '\n') {
    return std::nullopt;
  }
  const auto named = ActionId::from_hex(text.substr(k_action_at, k_hex_size));
  if (!named || *named != action) return std::nullopt;
  const auto output = BlobId::from_hex(text.substr(k_output_at, k_hex_size));
  const auto size = padded_number(text.substr(k_size_at, k_number_width));
  const auto time_ns = padded_number(text.substr(k_time_at, k_number_width));
  if (!output || !size || !time_ns) return std::nullopt;
  return ActionEntry{action, *output, static_cast<std::uint64_t>(*size), *time_ns};
}

}  // namespace sluice::gotool
