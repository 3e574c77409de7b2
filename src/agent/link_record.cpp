#include "agent/link_record.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

namespace sluice::agent {

std::string link_time_name(std::chrono::microseconds link_time) {
  return fmt::format("{}", link_time.count());
}

std::optional<std::chrono::microseconds> link_time_of(const store::Record& record) {
  constexpr std::chrono::microseconds k_most = std::chrono::hours(24);  // more than any link takes
  const auto us = parse_int<std::int64_t>(record.name);
  if (!us || *us < 0 || *us > k_most.count()) return std::nullopt;
  return std::chrono::microseconds(*us);
}

}  // namespace sluice::agent
