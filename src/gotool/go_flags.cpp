#include "gotool/go_flags.hpp"

#include "gotool/test_flags.hpp"

#include <algorithm>

namespace sluice::gotool {
namespace {

// The program's name: agent/toolexec.hpp.
constexpr std::string_view k_our_toolexec = "/sluice-toolexec";

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_quote(char c) { return c == '\'' || c == '"'; }

}  // namespace

std::optional<std::vector<std::string>> split_go_words(std::string_view text) {
  std::vector<std::string> words;
  for (;;) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    if (text.empty()) return words;
    if (is_quote(text.front())) {
      const std::size_t end = text.find(text.front(), 1);
      if (end == std::string_view::npos) return std::nullopt;
      words.emplace_back(text.substr(1, end - 1));
      text.remove_prefix(end + 1);
    } else {
      const auto end = std::ranges::find_if(text, is_space) - text.begin();
      words.emplace_back(text.substr(0, static_cast<std::size_t>(end)));
      text.remove_prefix(static_cast<std::size_t>(end));
    }
  }
}

std::optional<std::string> quote_go_word(std::string_view word) {
  const bool has_single = word.find('\'') != std::string_view::npos;
  const bool has_double = word.find('"') != std::string_view::npos;
  if (has_single && has_double) return std::nullopt;
  const bool is_plain = std::ranges::none_of(word, is_space) && !has_single && !has_double;
  if (is_plain && !word.empty()) return std::string(word);
  const std::string quote(1, has_single ? '"' : '\'');
  return quote + std::string(word) + quote;
}

std::optional<std::string> go_flag_value(const std::vector<std::string>& words,
                                         std::string_view name) {
  std::optional<std::string> value;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (word == "-args" || word == "--args") break;
    if (!word.starts_with('-')) continue;
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    const std::size_t equals = word.find('=');
    if (word.substr(0, equals) != name) continue;
    if (equals != std::string_view::npos)
      value = word.substr(equals + 1);
    else if (i + 1 < words.size())
      value = words[++i];
  }
  return value;
}

bool has_go_flag(const std::vector<std::string>& words, std::string_view name) {
  for (std::string_view word : words) {
    if (word == "-args" || word == "--args") return false;
    if (!word.starts_with('-')) continue;
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    if (word.substr(0, word.find('=')) == name) return true;
  }
  return false;
}

bool takes_value(std::string_view flag) {
  const TestFlag* known = find_test_flag(flag);
  return known != nullptr && known->takes_word();
}

std::expected<std::string, NoToolexec> goflags_with_toolexec(std::string_view goflags,
                                                             const std::vector<std::string>& words,
                                                             const sys::Path& program) {
  const auto flags = split_go_words(goflags);
  if (!flags) return std::unexpected(NoToolexec::unreadable);
  if (has_go_flag(*flags, "toolexec") || has_go_flag(words, "toolexec")) {
    return std::unexpected(NoToolexec::users_own);
  }
  for (const std::string_view shows : {"n", "x"}) {
    if (has_go_flag(*flags, shows) || has_go_flag(words, shows)) {
      return std::unexpected(NoToolexec::shows_commands);
    }
  }
  const std::string flag = "-toolexec=" + program.native();
  if (quote_go_word(flag) != flag) return std::unexpected(NoToolexec::unreadable);
  std::string all(goflags);
  if (!flags->empty()) all += " ";
  return all + flag;
}

std::optional<std::string> goflags_without_toolexec(const std::string& goflags) {
  const auto words = split_go_words(goflags);
  if (!words) return goflags;
  std::string kept;
  for (const std::string& word : *words) {
    if (word.starts_with("-toolexec=") && word.ends_with(k_our_toolexec)) continue;
    if (!kept.empty()) kept += ' ';
    kept += word;
  }
  if (kept.empty()) return std::nullopt;
  return kept;
}

}  // namespace sluice::gotool
