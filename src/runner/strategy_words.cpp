#include "runner/strategy_words.hpp"

#include "base/strings.hpp"
#include "base/units.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace sluice::runner {
namespace {

constexpr std::size_t k_count_max = 10'000;

std::optional<std::size_t> count_of(std::string_view text) {
  const auto count = parse_int<std::size_t>(text);
  return count && *count >= 1 && *count <= k_count_max ? count : std::nullopt;
}

bool set_threshold(ThresholdSettings& settings, std::string_view name, std::string_view value) {
  if (name == "cpu") {
    const auto share = parse_percent(value);
    if (share) settings.cpu_max = *share;
    return share && *share > 0 && *share <= 1;
  }
  if (name == "memory") {
    const auto size = parse_size(value);
    if (size) settings.free_memory_min = *size;
    return size.has_value();
  }
  if (name == "slots") {
    const auto count = count_of(value);
    if (count) settings.slots = *count;
    return count.has_value();
  }
  if (name != "every") return false;
  const auto span = parse_duration(value);
  if (span) settings.every_s = std::chrono::duration<double>(*span).count();
  return span && span->count() > 0;
}

}  // namespace

Result<std::unique_ptr<Strategy>> strategy_of(std::string_view words, std::size_t at_once) {
  const std::size_t equals = words.find('=');
  const std::string_view name = words.substr(0, equals);
  const bool has_value = equals != std::string_view::npos;
  const std::string_view value = has_value ? words.substr(equals + 1) : std::string_view();
  if (words == "auto") return auto_strategy();
  if (words == "go") return go_strategy(at_once);
  if (name == "fixed") {
    if (const auto count = count_of(value)) return fixed_strategy(*count);
    return fail(Code::invalid, fmt::format("\"{}\": fixed needs a number from 1 to {}, as fixed=4",
                                           printable(words, 80), k_count_max));
  }
  if (name == "threshold") {
    ThresholdSettings settings;
    for (const std::string_view part :
         has_value ? split(value, ',') : std::vector<std::string_view>()) {
      const std::size_t colon = part.find(':');
      if (colon != std::string_view::npos &&
          set_threshold(settings, part.substr(0, colon), part.substr(colon + 1))) {
        continue;
      }
      return fail(Code::invalid,
                  fmt::format("\"{}\": of threshold can be said cpu:85% (up to 100%), memory:2GiB, "
                              "slots:8 (from 1) and every:30s",
                              printable(part, 80)));
    }
    return threshold_strategy(settings, at_once);
  }
  return fail(Code::invalid,
              fmt::format("\"{}\" is not auto, fixed=N, go or threshold", printable(words, 80)));
}

}  // namespace sluice::runner
