#include "base/strings.hpp"

namespace sluice {

namespace {
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_control(char32_t value) {
  const auto within = [value](char32_t first, char32_t last) {
    return value >= first && value <= last;
  };
  return value < 0x20 || within(0x7F, 0x9F) ||         // C0, DEL and C1
         within(0x2028, 0x2029) ||                     // separators of lines and paragraphs
         value == 0x061C || within(0x200E, 0x200F) ||  // Unicode's Bidi_Control
         within(0x202A, 0x202E) || within(0x2066, 0x2069);
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i != 0) text += separator;
    text += parts[i];
  }
  return text;
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

Utf8Character first_character(std::string_view text) {
  const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  char32_t value = lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0U) != 0x80) return {};
    value = (value << 6U) | (at(i) & 0x3FU);
  }
  const bool is_overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x1'0000);
  const bool is_surrogate = value >= 0xD800 && value < 0xE000;
  if (is_overlong || is_surrogate || value > 0x10'FFFF) return {};
  return {value, size};
}

std::string printable(std::string_view text, std::size_t length_max) {
  std::string line;
  std::size_t at = 0;
  while (at < text.size()) {
    const Utf8Character one = first_character(text.substr(at));
    if (at + one.size_bytes > length_max) return line + "…";
    if (one.value == k_no_character || is_control(one.value)) {
      line.push_back('?');
    } else {
      line += text.substr(at, one.size_bytes);
    }
    at += one.size_bytes;
  }
  return line;
}

std::optional<std::vector<std::string>> split_quoted(std::string_view text) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while (at < text.size()) {
    if (is_blank(text[at])) {
      ++at;
      continue;
    }
    std::string word;
    while (at < text.size() && !is_blank(text[at])) {
      if (text[at] == '\'' || text[at] == '"') {
        const auto close = text.find(text[at], at + 1);
        if (close == std::string_view::npos) return std::nullopt;
        word += text.substr(at + 1, close - at - 1);
        at = close + 1;
      } else {
        word.push_back(text[at++]);
      }
    }
    words.push_back(std::move(word));
  }
  return words;
}

std::string quote_word(std::string_view word) {
  constexpr std::string_view k_special = " \t\r\n'\"";
  if (!word.empty() && word.find_first_of(k_special) == std::string_view::npos) {
    return std::string(word);
  }
  if (word.find('\'') == std::string_view::npos) return "'" + std::string(word) + "'";
  if (word.find('"') == std::string_view::npos) return '"' + std::string(word) + '"';
  // Both kinds: pieces between single quotes, each single quote itself between double ones.
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\"'\"'";
    } else {
      quoted.push_back(c);
    }
  }
  return quoted + "'";
}

}  // namespace sluice
