#include "runner/annotations.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace sluice::runner {
namespace {

std::string escaped(std::string_view text, bool is_property) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '%': out += "%25"; break;
      case '\r': out += "%0D"; break;
      case '\n': out += "%0A"; break;
      case ':': out += is_property ? "%3A" : ":"; break;
      case ',': out += is_property ? "%2C" : ","; break;
      default: out += c;
    }
  }
  return out;
}

std::string_view without_indent(std::string_view line) {
  while (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

struct Place {
  std::string_view file;
  int line = 0;
  std::string_view words;
};

// "a_test.go:12: words", as t.Log and t.Error write it.
std::optional<Place> place_of(std::string_view line) {
  const std::string_view text = without_indent(line);
  if (text.size() == line.size()) return std::nullopt;  // theirs are indented
  const std::size_t file_end = text.find(".go:");
  if (file_end == std::string_view::npos) return std::nullopt;
  Place place;
  place.file = text.substr(0, file_end + 3);
  if (place.file.find_first_of(" \t/") != std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(file_end + 4);
  const std::size_t colon = rest.find(": ");
  if (colon == std::string_view::npos) return std::nullopt;
  const auto number = parse_int<int>(rest.substr(0, colon));
  if (!number || *number < 1) return std::nullopt;
  place.line = *number;
  place.words = rest.substr(colon + 2);
  return place;
}

}  // namespace

std::vector<std::string> annotations_of(std::string_view package, std::string_view directory,
                                        std::string_view said) {
  constexpr std::string_view k_failed = "--- FAIL: ";
  std::vector<std::string> lines;
  std::string_view test;
  for (const std::string_view line : split(said, '\n')) {
    std::string_view inner = without_indent(line);
    if (inner.starts_with("\x16")) inner.remove_prefix(1);
    if (inner.starts_with(k_failed)) {
      inner.remove_prefix(k_failed.size());
      test = inner.substr(0, inner.find(' '));
      continue;
    }
    if (inner.starts_with("--- ") || inner.starts_with("=== ")) {
      test = {};
      continue;
    }
    const auto place = test.empty() ? std::nullopt : place_of(line);
    if (!place) continue;
    const std::string file =
        directory.empty() ? std::string(place->file) : fmt::format("{}/{}", directory, place->file);
    lines.push_back(fmt::format("::error file={},line={},title={}::{}", escaped(file, true),
                                place->line, escaped(fmt::format("{} {}", package, test), true),
                                escaped(place->words, false)));
    if (lines.size() == k_annotations_max) break;
  }
  return lines;
}

}  // namespace sluice::runner
