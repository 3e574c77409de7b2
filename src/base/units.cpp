#include "base/units.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

namespace sluice {
namespace {

// A leading decimal number such as "1.5"; moves `text` behind it. No sign, no exponent.
std::optional<double> take_number(std::string_view& text) {
  const auto length = text.find_first_not_of("0123456789.");
  const auto digits = text.substr(0, length);
  double value = 0;
  const char* end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, value, std::chars_format::fixed);
  if (digits.empty() || error != std::errc{} || at != end) return std::nullopt;
  text.remove_prefix(digits.size());
  return value;
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
  text = trim(text);
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  constexpr double k_k = 1024;
  static constexpr std::array<std::pair<std::string_view, double>, 18> k_units = {{
      {"", 1},
      {"b", 1},
      {"k", k_k},
      {"kib", k_k},
      {"m", k_k * k_k},
      {"mib", k_k * k_k},
      {"g", k_k * k_k * k_k},
      {"gib", k_k * k_k * k_k},
      {"t", k_k * k_k * k_k * k_k},
      {"tib", k_k * k_k * k_k * k_k},
      {"kb", 1e3},
      {"mb", 1e6},
      {"gb", 1e9},
      {"tb", 1e12},
      {"ki", k_k},
      {"mi", k_k * k_k},
      {"gi", k_k * k_k * k_k},
      {"ti", k_k * k_k * k_k * k_k},
  }};
  const std::string unit = to_lower(trim(text));
  for (const auto& [name, factor] : k_units) {
    if (unit != name) continue;
    const double size = *number * factor;
    if (size > 9e18) return std::nullopt;
    return static_cast<std::uint64_t>(size);
  }
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  text = trim(text);
  if (text == "0") return std::chrono::milliseconds(0);
  double total_ms = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    const auto length = text.find_first_of("0123456789.");
    const auto unit = text.substr(0, length);
    double factor_ms = 0;
    if (unit == "ms")
      factor_ms = 1;
    else if (unit == "s")
      factor_ms = 1e3;
    else if (unit == "m")
      factor_ms = 60e3;
    else if (unit == "h")
      factor_ms = 3600e3;
    else if (unit == "d")
      factor_ms = 86400e3;
    else
      return std::nullopt;
    total_ms += *number * factor_ms;
    text.remove_prefix(unit.size());
  }
  if (total_ms > 9e15) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(total_ms));
}

std::optional<double> parse_percent(std::string_view text) {
  text = trim(text);
  const auto number = take_number(text);
  if (!number || text != "%" || *number > 100) return std::nullopt;
  return *number / 100;
}

std::optional<bool> parse_bool(std::string_view text) {
  const std::string word = to_lower(trim(text));
  if (word == "1" || word == "true" || word == "yes" || word == "on") return true;
  if (word == "0" || word == "false" || word == "no" || word == "off") return false;
  return std::nullopt;
}

std::string format_size(std::uint64_t size_bytes) {
  static constexpr std::array<std::string_view, 5> k_units = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto size = static_cast<double>(size_bytes);
  std::size_t unit = 0;
  while (size >= 1024 && unit + 1 < k_units.size()) {
    size /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", size_bytes);
  return fmt::format("{:.1f} {}", size, k_units[unit]);
}

std::string format_seconds(std::chrono::milliseconds span) {
  return fmt::format("{:.2f} s", static_cast<double>(span.count()) / 1000.0);
}

}  // namespace sluice
