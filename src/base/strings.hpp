// Small text helpers that the standard library lacks. Pure functions: any thread.
#pragma once

#include <charconv>
#include <concepts>
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

// One line for a message: control characters become '?', at most `length_max` bytes and then "…".
std::string printable(std::string_view text, std::size_t length_max = 200);

// Splits as a POSIX shell and Go's GOCACHEPROG do: blanks separate, '…' and "…" group. Nothing
// when a quote is not closed.
std::optional<std::vector<std::string>> split_quoted(std::string_view text);
// One word of such a line, quoted only where it must be.
std::string quote_word(std::string_view word);

}  // namespace sluice
