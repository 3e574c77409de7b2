#include "gotool/module_version.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace sluice::gotool {
namespace {

constexpr std::size_t k_module_text_size_max = 255;  // of the path and of the version

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_path_character(char c) {
  return is_digit(c) || is_lower(c) || is_upper(c) || std::string_view("-._~").contains(c);
}

bool is_element(std::string_view element) {
  return !element.empty() && element.front() != '.' && element.back() != '.' &&
         std::ranges::all_of(element, is_path_character);
}

// The part that go resolves by asking a server: it has a dot, so that it is never a standard
// package.
bool is_host(std::string_view element) {
  return element.contains('.') && element.front() != '-' &&
         std::ranges::all_of(
             element, [](char c) { return is_digit(c) || is_lower(c) || c == '-' || c == '.'; });
}

bool is_identifiers(std::string_view text) {
  return std::ranges::all_of(split(text, '.'), [](std::string_view part) {
    return !part.empty() && std::ranges::all_of(part, [](char c) {
      return is_digit(c) || is_lower(c) || is_upper(c) || c == '-';
    });
  });
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit) &&
         (text.size() == 1 || text[0] != '0');
}

// vMAJOR.MINOR.PATCH[-PRERELEASE][+incompatible]: the only build metadata in a canonical version.
bool is_canonical_version(std::string_view version) {
  if (!version.starts_with('v')) return false;
  version.remove_prefix(1);
  constexpr std::string_view k_incompatible = "+incompatible";
  if (version.ends_with(k_incompatible)) version.remove_suffix(k_incompatible.size());
  const auto dash = version.find('-');
  if (dash != std::string_view::npos && !is_identifiers(version.substr(dash + 1))) return false;
  const auto numbers = split(version.substr(0, dash), '.');
  return numbers.size() == 3 && std::ranges::all_of(numbers, is_number);
}

struct Parts {
  std::vector<std::string_view> numbers;
  std::vector<std::string_view> prerelease;  // empty: a release
};

Parts parts_of(std::string_view version) {
  version = version.substr(version.starts_with('v') ? 1 : 0);
  version = version.substr(0, version.find('+'));
  const auto dash = version.find('-');
  Parts parts{split(version.substr(0, dash), '.'), {}};
  if (dash != std::string_view::npos) parts.prerelease = split(version.substr(dash + 1), '.');
  return parts;
}

// Without leading zeros, so that the longer one is the larger one.
int compare_numbers(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
  return left.compare(right);
}

int compare_identifiers(std::string_view left, std::string_view right) {
  const bool is_left_number = std::ranges::all_of(left, is_digit);
  const bool is_right_number = std::ranges::all_of(right, is_digit);
  if (is_left_number != is_right_number) return is_left_number ? -1 : 1;
  return is_left_number ? compare_numbers(left, right) : left.compare(right);
}

template <class Compare>
int compare_lists(const std::vector<std::string_view>& left,
                  const std::vector<std::string_view>& right, const Compare& compare) {
  const std::size_t shared = std::min(left.size(), right.size());
  for (std::size_t i = 0; i < shared; ++i) {
    if (const int order = compare(left[i], right[i]); order != 0) return order;
  }
  if (left.size() == right.size()) return 0;
  return left.size() < right.size() ? -1 : 1;
}

}  // namespace

int compare_module_versions(std::string_view left, std::string_view right) {
  const Parts a = parts_of(left);
  const Parts b = parts_of(right);
  if (const int order = compare_lists(a.numbers, b.numbers, compare_numbers); order != 0) {
    return order;
  }
  if (a.prerelease.empty() != b.prerelease.empty()) return a.prerelease.empty() ? 1 : -1;
  return compare_lists(a.prerelease, b.prerelease, compare_identifiers);
}

bool is_plain(const ModuleVersion& module) {
  if (module.path.size() > k_module_text_size_max) return false;
  if (module.version.size() > k_module_text_size_max) return false;
  const auto elements = split(module.path, '/');
  return std::ranges::all_of(elements, is_element) && is_host(elements.front()) &&
         is_canonical_version(module.version);
}

std::string escape_module_text(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size() + 4);
  for (const char c : text) {
    if (is_upper(c)) escaped += '!';
    escaped += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return escaped;
}

std::optional<std::string> unescape_module_text(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_upper(text[i])) return std::nullopt;
    if (text[i] != '!') {
      plain += text[i];
    } else if (++i < text.size() && is_lower(text[i])) {
      plain += static_cast<char>(text[i] - 'a' + 'A');
    } else {
      return std::nullopt;
    }
  }
  return plain;
}

ModulePlaces module_places(const sys::Path& module_cache, const ModuleVersion& module) {
  const std::string path = escape_module_text(module.path);
  const std::string version = escape_module_text(module.version);
  const sys::Path versions = module_cache / "cache/download" / path / "@v";
  const auto beside = [&](std::string_view suffix) {
    return versions / fmt::format("{}{}", version, suffix);
  };
  return {.tree = module_cache / fmt::format("{}@{}", path, version),
          .partial = beside(".partial"),
          .lock = beside(".lock"),
          .info = beside(".info"),
          .mod = beside(".mod"),
          .zip = beside(".zip"),
          .zip_hash = beside(".ziphash")};
}

}  // namespace sluice::gotool
