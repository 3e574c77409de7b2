#include "gotool/go_duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

namespace sluice::gotool {
namespace {

constexpr std::uint64_t k_micro = 1'000;
constexpr std::uint64_t k_milli = 1'000'000;
constexpr std::uint64_t k_second = 1'000'000'000;
constexpr std::uint64_t k_minute = 60 * k_second;
constexpr std::uint64_t k_hour = 60 * k_minute;

struct Unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};
constexpr auto k_units = std::to_array<Unit>({{"ns", 1},
                                              {"us", k_micro},
                                              {"\xc2\xb5s", k_micro},  // U+00B5
                                              {"\xce\xbcs", k_micro},  // U+03BC
                                              {"ms", k_milli},
                                              {"s", k_second},
                                              {"m", k_minute},
                                              {"h", k_hour}});

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits at the beginning, taken off. Nothing for more than a span can hold.
std::optional<std::uint64_t> take_digits(std::string_view& text) {
  std::uint64_t value = 0;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
    if (value > std::numeric_limits<std::int64_t>::max() / 10) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(text.front() - '0');
  }
  return value;
}

// ".25" as a share; digits past what a double holds say nothing.
double take_fraction(std::string_view& text) {
  double value = 0;
  double scale = 1;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
    value = value * 10 + (text.front() - '0');
    scale *= 10;
  }
  return value / scale;
}

// One number with its unit, in nanoseconds.
std::optional<std::uint64_t> take_part(std::string_view& text) {
  const std::string_view before = text;
  const auto whole = take_digits(text);
  if (!whole) return std::nullopt;
  std::size_t digits = before.size() - text.size();
  double fraction = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t left = text.size();
    fraction = take_fraction(text);
    digits += left - text.size();
  }
  const auto ends = [](char c) { return c == '.' || is_digit(c); };
  const auto length = static_cast<std::size_t>(std::ranges::find_if(text, ends) - text.begin());
  const auto unit = std::ranges::find(k_units, text.substr(0, length), &Unit::name);
  if (digits == 0 || unit == k_units.end()) return std::nullopt;
  text.remove_prefix(length);
  if (*whole > std::numeric_limits<std::int64_t>::max() / unit->nanoseconds) return std::nullopt;
  const double rest = fraction * static_cast<double>(unit->nanoseconds);
  return *whole * unit->nanoseconds + static_cast<std::uint64_t>(rest);
}

// Without zeros at the end.
std::string decimal(std::uint64_t value, std::uint64_t unit) {
  std::string text = fmt::format("{}", value / unit);
  std::uint64_t rest = value % unit;
  if (rest != 0) text += '.';
  for (std::uint64_t digit = unit / 10; rest != 0; digit /= 10) {
    text += static_cast<char>('0' + rest / digit);
    rest %= digit;
  }
  return text;
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return std::chrono::nanoseconds(0);
  if (text.empty()) return std::nullopt;
  std::uint64_t sum = 0;
  while (!text.empty()) {
    const auto part = take_part(text);
    if (!part) return std::nullopt;
    sum += *part;
    if (sum > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  }
  const auto count = static_cast<std::int64_t>(sum);
  return std::chrono::nanoseconds(is_negative ? -count : count);
}

std::string go_duration(std::chrono::nanoseconds span) {
  const std::int64_t count = span.count();
  if (count == 0) return "0s";
  const std::string sign = count < 0 ? "-" : "";
  const std::uint64_t size =
      count < 0 ? -static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  if (size < k_micro) return sign + fmt::format("{}ns", size);
  if (size < k_milli) return sign + decimal(size, k_micro) + "\xc2\xb5s";
  if (size < k_second) return sign + decimal(size, k_milli) + "ms";
  std::string text = sign;
  if (size >= k_hour) text += fmt::format("{}h", size / k_hour);
  if (size >= k_minute) text += fmt::format("{}m", size % k_hour / k_minute);
  return text + decimal(size % k_minute, k_second) + "s";
}

}  // namespace sluice::gotool
