// What a person may have meant: edit distance and the nearest of some known words. Pure: any
// thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::cli {

// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (the
// restricted Damerau-Levenshtein distance); words longer than k_spelling_length_max count as unlike
// anything.
inline constexpr std::size_t k_spelling_length_max = 64;
std::size_t edit_distance(std::string_view a, std::string_view b);

// The nearest of `known` within `distance_max`, the first of equals; nothing when none is near. A
// word of one letter is never near to anything, and no more than half of a word may differ.
inline constexpr std::size_t k_spelling_distance_max = 2;
std::optional<std::string> nearest_word(std::string_view word,
                                        std::span<const std::string_view> known,
                                        std::size_t distance_max = k_spelling_distance_max);

}  // namespace sluice::cli
