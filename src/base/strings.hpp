// Small text helpers that the standard library lacks. Pure functions: any thread.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

std::string_view trim(std::string_view text);  // spaces, tabs, CR, LF on both sides
std::vector<std::string_view> split(std::string_view text, char separator);  // keeps empty fields
// Its parts would dangle.
template <class Text>
  requires std::same_as<Text, std::string>
std::vector<std::string_view> split(Text&& text, char separator) = delete;
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string to_lower(std::string_view text);  // ASCII only

// The whole of `text` as a number in base 10, or nothing.
template <std::integral T>
std::optional<T> parse_int(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || at != end || text.empty()) return std::nullopt;
  return value;
}

inline constexpr char32_t k_no_character = 0xFFFF'FFFF;
struct Utf8Character {
  char32_t value = k_no_character;
  std::size_t size_bytes = 1;  // also of what is none
};
// The character at the front of text that is not empty, as RFC 3629 has it: neither longer than it
// has to be nor half of a surrogate pair.
Utf8Character first_character(std::string_view text);

// One line for a message, which no terminal takes for orders: control characters, what is no UTF-8,
// separators of lines and what turns the direction of writing become '?' each. At most `length_max`
// bytes of `text`, whole characters, and then "…".
std::string printable(std::string_view text, std::size_t length_max = 200);

// Splits as a POSIX shell and Go's GOCACHEPROG do: blanks separate, '…' and "…" group. Nothing
// when a quote is not closed.
std::optional<std::vector<std::string>> split_quoted(std::string_view text);
// One word of such a line, quoted only where it must be.
std::string quote_word(std::string_view word);

}  // namespace sluice
