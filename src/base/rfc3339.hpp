// Moments as RFC 3339 writes them, in UTC: what Go's time.Time is in JSON.
//
// Pure functions: any thread.
#pragma once

#include "base/deadline.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

std::string rfc3339(UnixNanos time_ns);  // with nine digits: 2026-11-28T10:15:04.359230000Z
// As Go writes it: without the zeros at the end of the fraction.
std::string rfc3339_short(UnixNanos time_ns);
// In UTC ("Z"), with any fraction or none; nothing for another text.
std::optional<UnixNanos> parse_rfc3339(std::string_view text);

}  // namespace sluice
