// Spans of time as Go's time package reads and writes them: "1m30s", "1.5ms".
//
// Pure functions: any thread. Source: time.ParseDuration and time.Duration.String.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::gotool {

// Nothing for what Go refuses, and for spans of 290 years and more.
std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text);
std::string go_duration(std::chrono::nanoseconds span);

}  // namespace sluice::gotool
