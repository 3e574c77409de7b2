#include "base/shell_quote.hpp"

#include <algorithm>

namespace sluice {
namespace {

bool is_plain(char c) {
  constexpr std::string_view k_signs = "-_./=,:@%+";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         k_signs.find(c) != std::string_view::npos;
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

}  // namespace sluice
