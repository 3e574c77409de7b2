// Sizes, spans of time and shares as people write and read them. Pure functions: any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// "10GiB", "500MB", "1024", "1.5g": binary for K/M/G/T and KiB…, decimal for KB/MB/GB/TB. Bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);
// "60s", "250ms", "1h30m", "5d". A bare number is refused: it has no unit.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
// "5%", "0.5%", "100%" as a share of one.
std::optional<double> parse_percent(std::string_view text);
// "1", "true", "yes", "on" / "0", "false", "no", "off", in any case.
std::optional<bool> parse_bool(std::string_view text);

std::string format_size(std::uint64_t size_bytes);           // "35.2 MiB", "0 B"
std::string format_seconds(std::chrono::milliseconds span);  // "0.21 s"

}  // namespace sluice
