#include "gotool/go_quote.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <cstdint>

namespace sluice::gotool {
namespace {

constexpr std::uint32_t k_code_point_max = 0x10FFFF;

// strconv.IsPrint is false for controls, separators but the plain blank, and what has no glyph.
bool is_printable(std::uint32_t value) {
  if (value < 0x20 || value == 0x7F) return false;
  if (value >= 0x80 && value <= 0xA0) return false;
  if (value == 0xAD || value == 0x3000 || value == 0xFEFF) return false;
  if (value >= 0x2000 && value <= 0x200F) return false;
  if (value >= 0x2028 && value <= 0x202F) return false;
  if (value >= 0x205F && value <= 0x206F) return false;
  if (value >= 0xE000 && value <= 0xF8FF) return false;
  return (value & 0xFFFEU) != 0xFFFEU;
}

std::string escaped(std::uint32_t value) {
  switch (value) {
    case '\a': return "\\a";
    case '\b': return "\\b";
    case '\f': return "\\f";
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    case '\v': return "\\v";
    default: break;
  }
  if (value < 0x20 || value == 0x7F) return fmt::format("\\x{:02x}", value);
  if (value < 0x10000) return fmt::format("\\u{:04x}", value);
  return fmt::format("\\U{:08x}", value);
}

void append_utf8(std::string& text, std::uint32_t value) {
  const auto put = [&text](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xC0U | (value >> 6U));
    put(0x80U | (value & 0x3FU));
  } else if (value < 0x10000) {
    put(0xE0U | (value >> 12U));
    put(0x80U | ((value >> 6U) & 0x3FU));
    put(0x80U | (value & 0x3FU));
  } else {
    put(0xF0U | (value >> 18U));
    put(0x80U | ((value >> 12U) & 0x3FU));
    put(0x80U | ((value >> 6U) & 0x3FU));
    put(0x80U | (value & 0x3FU));
  }
}

std::optional<std::uint32_t> take_hex(std::string_view& rest, std::size_t digits) {
  if (rest.size() < digits) return std::nullopt;
  std::uint32_t value = 0;
  for (const char digit : rest.substr(0, digits)) {
    value <<= 4U;
    if (digit >= '0' && digit <= '9')
      value |= static_cast<std::uint32_t>(digit - '0');
    else if (digit >= 'a' && digit <= 'f')
      value |= static_cast<std::uint32_t>(digit - 'a' + 10);
    else
      return std::nullopt;
  }
  rest.remove_prefix(digits);
  return value;
}

// What follows a backslash.
bool take_escape(std::string_view& rest, std::string& text) {
  if (rest.empty()) return false;
  const char kind = rest.front();
  rest.remove_prefix(1);
  constexpr std::string_view k_letters = "abfnrtv\"\\";
  constexpr std::string_view k_meanings = "\a\b\f\n\r\t\v\"\\";
  if (const auto at = k_letters.find(kind); at != std::string_view::npos) {
    text += k_meanings[at];
    return true;
  }
  const std::size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
  if (digits == 0) return false;
  const auto value = take_hex(rest, digits);
  if (!value || *value > k_code_point_max) return false;
  if (kind == 'x')
    text += static_cast<char>(*value);
  else
    append_utf8(text, *value);
  return true;
}

}  // namespace

std::string quote_go(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const auto [value, length] = first_character(text);
    if (value == k_no_character) {
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
    } else if (value == '"' || value == '\\') {
      quoted += '\\';
      quoted += text.front();
    } else if (is_printable(value)) {
      quoted += text.substr(0, length);
    } else {
      quoted += escaped(value);
    }
    text.remove_prefix(length);
  }
  return quoted + '"';
}

std::string quote_go_list(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const std::string& text : texts) {
    if (list.size() > 1) list += ' ';
    list += quote_go(text);
  }
  return list + ']';
}

std::optional<std::string> take_quoted_go(std::string_view& rest) {
  if (rest.empty() || rest.front() != '"') return std::nullopt;
  std::string_view at = rest.substr(1);
  std::string text;
  while (!at.empty()) {
    const char next = at.front();
    at.remove_prefix(1);
    if (next == '"') {
      rest = at;
      return text;
    }
    if (next != '\\') {
      text += next;
    } else if (!take_escape(at, text)) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<std::string> unquote_go(std::string_view quoted) {
  auto text = take_quoted_go(quoted);
  if (!quoted.empty()) return std::nullopt;
  return text;
}

std::optional<std::vector<std::string>> take_quoted_go_list(std::string_view& rest) {
  if (rest.empty() || rest.front() != '[') return std::nullopt;
  std::string_view at = rest.substr(1);
  std::vector<std::string> texts;
  while (!at.empty() && at.front() != ']') {
    if (!texts.empty()) {
      if (at.front() != ' ') return std::nullopt;
      at.remove_prefix(1);
    }
    auto text = take_quoted_go(at);
    if (!text) return std::nullopt;
    texts.push_back(std::move(*text));
  }
  if (at.empty()) return std::nullopt;
  rest = at.substr(1);
  return texts;
}

}  // namespace sluice::gotool
