#include "gotool/test_sources.hpp"

#include "base/strings.hpp"

#include <array>
#include <cctype>
#include <cstddef>

namespace sluice::gotool {
namespace {

constexpr std::string_view k_class_comment = "//sluice:class ";
constexpr std::string_view k_build_comment = "//go:build ";

bool is_tag_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
}

// "integration && !windows" wants integration.
std::vector<std::string> wanted_tags(std::string_view expression) {
  std::vector<std::string> tags;
  bool is_negated = false;
  for (std::size_t at = 0; at < expression.size();) {
    std::size_t end = at;
    while (end < expression.size() && is_tag_character(expression[end])) ++end;
    if (end == at) {
      is_negated = expression[at] == '!';
      ++at;
      continue;
    }
    if (!is_negated) tags.emplace_back(expression.substr(at, end - at));
    is_negated = false;
    at = end;
  }
  return tags;
}

// "func TestA(t *testing.T) {" is TestA; what follows the first word is no small letter.
std::string test_name(std::string_view line) {
  constexpr std::string_view k_func = "func ";
  if (!line.starts_with(k_func)) return "";
  line.remove_prefix(k_func.size());
  for (const std::string_view word : {"Test", "Example", "Fuzz", "Benchmark"}) {
    if (!line.starts_with(word)) continue;
    const std::size_t end = line.find_first_of("( \t[");
    if (end == std::string_view::npos || line[end] != '(') return "";
    const char next = line[word.size()];
    if (std::islower(static_cast<unsigned char>(next)) != 0) return "";
    return std::string(line.substr(0, end));
  }
  return "";
}

}  // namespace

TestSource read_test_source(std::string_view text) {
  TestSource source;
  std::string above;  // what the comment above the next declaration says
  bool is_in_package = false;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with(k_class_comment)) {
      std::string_view name = trim(line.substr(k_class_comment.size()));
      name = name.substr(0, name.find_first_of(" \t"));
      (is_in_package ? above : source.wanted_class) = name;
      continue;
    }
    if (!is_in_package && line.starts_with(k_build_comment)) {
      source.tags = wanted_tags(line.substr(k_build_comment.size()));
    }
    if (line.starts_with("package ")) is_in_package = true;
    if (line.starts_with("//")) continue;
    std::string name = test_name(line);
    if (name == "TestMain") {
      source.has_main = true;
    } else if (!name.empty()) {
      source.functions.push_back({std::move(name), above});
    }
    above.clear();
  }
  return source;
}

}  // namespace sluice::gotool
