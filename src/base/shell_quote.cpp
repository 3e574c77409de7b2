#include "base/shell_quote.hpp"

#include <algorithm>

namespace sluice {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_plain(char c) {
  constexpr std::string_view k_signs = "-_./=,:@%+";
  return is_letter_or_digit(c) || k_signs.find(c) != std::string_view::npos;
}

}  // namespace

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string shell_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_plain) ? std::string(text)
                                                              : shell_quoted(text);
}

bool is_variable_name(std::string_view text) {
  const auto is_of_name = [](char c) { return is_letter_or_digit(c) || c == '_'; };
  return !text.empty() && std::ranges::all_of(text, is_of_name) &&
         (text.front() < '0' || text.front() > '9');
}

}  // namespace sluice
