#include "codec/ini.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::codec {

namespace {

std::string_view without_comment(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool begins = line[i] == '#' || line[i] == ';';
    if (begins && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) return line.substr(0, i);
  }
  return line;
}

}  // namespace

Result<Ini> parse_ini(std::string_view text, std::string_view source) {
  if (text.size() > k_ini_size_max)
    return fail(Code::exhausted, fmt::format("{}: too long", source));
  Ini ini;
  IniSection* section = nullptr;
  std::string outer;
  std::size_t number = 0;
  const auto bad = [&](std::string_view why) {
    return fail(Code::invalid, fmt::format("{}:{}: {}", source, number, why));
  };
  for (const std::string_view raw : split(text, '\n')) {
    ++number;
    const std::string_view line = without_comment(raw);
    const std::string_view words = trim(line);
    if (words.empty()) continue;
    const bool is_indented = line.front() == ' ' || line.front() == '\t';
    if (words.starts_with('[')) {
      if (!words.ends_with(']')) return bad("a '[' without a ']'");
      section = &ini[std::string(trim(words.substr(1, words.size() - 2)))];
      outer.clear();
      continue;
    }
    const std::size_t equals = words.find('=');
    if (equals == std::string_view::npos) return bad("neither [section] nor key = value");
    if (section == nullptr) return bad("a key before any [section]");
    std::string key = to_lower(trim(words.substr(0, equals)));
    if (key.empty()) return bad("a value without a key");
    if (is_indented && !outer.empty()) {
      key = outer + "." + key;
    } else {
      outer = key;
    }
    section->insert_or_assign(key, std::string(trim(words.substr(equals + 1))));
  }
  return ini;
}

}  // namespace sluice::codec
