#include "base/rfc3339.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace sluice {
namespace {

constexpr std::size_t k_seconds_size = std::string_view("2026-11-28T10:15:04").size();
constexpr std::size_t k_digits = 9;

// The number of so many digits there.
std::optional<int> digits_at(std::string_view text, std::size_t at, std::size_t count) {
  const std::string_view digits = text.substr(at, count);
  if (!std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  return parse_int<int>(digits);
}

// ".359" as nanoseconds; nothing for what is no fraction.
std::optional<std::int64_t> nanoseconds_of(std::string_view fraction) {
  if (fraction.empty()) return 0;
  if (fraction.front() != '.' || fraction.size() < 2 || fraction.size() > k_digits + 1) {
    return std::nullopt;
  }
  std::string digits(fraction.substr(1));
  digits.append(k_digits - digits.size(), '0');
  return digits_at(digits, 0, k_digits);
}

}  // namespace

std::string rfc3339(UnixNanos time_ns) {
  const std::chrono::sys_time<std::chrono::nanoseconds> time{std::chrono::nanoseconds(time_ns)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<std::chrono::nanoseconds> clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::string rfc3339_short(UnixNanos time_ns) {
  std::string text = rfc3339(time_ns);
  text.pop_back();
  text.resize(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + "Z";
}

std::optional<UnixNanos> parse_rfc3339(std::string_view text) {
  if (text.size() <= k_seconds_size || text.back() != 'Z') return std::nullopt;
  constexpr std::string_view k_form = "0000-00-00T00:00:00";
  for (std::size_t i = 0; i < k_form.size(); ++i) {
    if (k_form[i] != '0' && text[i] != k_form[i]) return std::nullopt;
  }
  const auto year = digits_at(text, 0, 4);
  const auto month = digits_at(text, 5, 2);
  const auto day = digits_at(text, 8, 2);
  const auto hour = digits_at(text, 11, 2);
  const auto minute = digits_at(text, 14, 2);
  const auto second = digits_at(text, 17, 2);
  const auto nanoseconds =
      nanoseconds_of(text.substr(k_seconds_size, text.size() - 1 - k_seconds_size));
  if (!year || !month || !day || !hour || !minute || !second || !nanoseconds) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  // What does not fit into UnixNanos is no time of ours.
  if (!date.ok() || *year < 1700 || *year > 2250 || *hour > 23 || *minute > 59 || *second > 59) {
    return std::nullopt;
  }
  const auto time = std::chrono::sys_days(date) + std::chrono::hours(*hour) +
                    std::chrono::minutes(*minute) + std::chrono::seconds(*second) +
                    std::chrono::nanoseconds(*nanoseconds);
  return time.time_since_epoch().count();
}

}  // namespace sluice
