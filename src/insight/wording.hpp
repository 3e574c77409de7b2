// How numbers are put into words: the same in every form that people read.
//
// Pure functions: any thread. A rate is rounded down, so that 100.0 % means all of them.
#pragma once

#include "insight/history.hpp"
#include "insight/numbers.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::insight {

std::string percent_text(double share);           // "98.2 %"
std::string rate_text(const Tally& tally);        // "98.2 %", "no lookups"
std::string seconds_text(std::uint64_t span_us);  // "41.20 s"
std::string count_text(std::uint64_t count, std::string_view one, std::string_view many);
std::string time_text(journal::Micros at_us);      // "2026-11-26 18:20:33 UTC"
std::string job_text(const journal::JobRow& job);  // "github/1 (test, main, 0a1b2c3d)"
// "package" or "packages", "program", "test"
std::string_view things_of(const Steps& steps, std::uint64_t count);
// "38.10 s by 117 of 118 packages given"; what of it others made, and what is not counted.
std::string saved_text(const Steps& steps);
std::string spent_text(const Steps& steps);  // "3.20 s in 4 of 5 packages"
// What a reason means, in a few words.
std::string_view meaning_of(std::string_view reason);
// What the numbers leave out, a few words each.
std::vector<std::string> exclusions(const Numbers& numbers);
inline constexpr std::string_view k_sum_note =
    "Sums of recorded durations of single steps; go runs several at once, so it is not wall time.";

}  // namespace sluice::insight
