#include "base/strings.hpp"

namespace sluice {

namespace {
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
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

std::string printable(std::string_view text, std::size_t length_max) {
  std::string line;
  for (char c : text.substr(0, length_max)) {
    const auto value = static_cast<unsigned char>(c);
    line.push_back(value < 0x20 || value == 0x7f ? '?' : c);
  }
  if (text.size() > length_max) line += "…";
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
