#include "base/glob.hpp"

#include "base/strings.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace sluice {

namespace {

constexpr std::string_view k_any_directories = "**";

// Takes a bracket from the front of the pattern: whether the character is in it. Nothing where it
// is none.
std::optional<bool> take_bracket(std::string_view& pattern, char c) {
  std::size_t at = 1;
  const bool is_not = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (is_not) ++at;
  const std::size_t close = pattern.find(']', at + 1);  // one that stands first is a member
  if (close == std::string_view::npos) return std::nullopt;
  bool is_in = false;
  while (at < close) {
    if (at + 2 < close && pattern[at + 1] == '-') {
      is_in = is_in || (pattern[at] <= c && c <= pattern[at + 2]);
      at += 3;
    } else {
      is_in = is_in || pattern[at] == c;
      ++at;
    }
  }
  pattern.remove_prefix(close + 1);
  return is_in != is_not;
}

// Whether the pattern's first character stands for this one; takes it.
bool takes(std::string_view& pattern, char c) {
  if (pattern.front() == '[') {
    if (const auto is_in = take_bracket(pattern, c)) return *is_in;
  }
  const bool is_it = pattern.front() == '?' || pattern.front() == c;
  pattern.remove_prefix(1);
  return is_it;
}

// One element. Only the last star is ever tried again: linear in memory, no recursion.
bool matches_element(std::string_view name, std::string_view pattern) {
  std::optional<std::string_view> after_star;
  std::string_view retry;
  while (!name.empty()) {
    if (!pattern.empty() && pattern.front() == '*') {
      pattern.remove_prefix(1);
      after_star = pattern;
      retry = name;
      continue;
    }
    if (!pattern.empty() && takes(pattern, name.front())) {
      name.remove_prefix(1);
      continue;
    }
    if (!after_star) return false;
    retry.remove_prefix(1);
    name = retry;
    pattern = *after_star;
  }
  return pattern.find_first_not_of('*') == std::string_view::npos;
}

}  // namespace

bool matches_glob(std::string_view path, std::string_view pattern) {
  const auto names = split(path, '/');
  const auto patterns = split(pattern, '/');
  // reach[i]: the patterns so far stand for the first i elements.
  std::vector<bool> reach(names.size() + 1, false);
  reach[0] = true;
  for (const std::string_view one : patterns) {
    std::vector<bool> next(reach.size(), false);
    if (one == k_any_directories) {
      bool is_reached = false;
      for (std::size_t i = 0; i < reach.size(); ++i) {
        is_reached = is_reached || reach[i];
        next[i] = is_reached;
      }
    } else {
      for (std::size_t i = 0; i < names.size(); ++i) {
        next[i + 1] = reach[i] && matches_element(names[i], one);
      }
    }
    reach = std::move(next);
  }
  return reach.back();
}

}  // namespace sluice
