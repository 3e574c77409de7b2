#include "cli/spelling.hpp"

#include <algorithm>
#include <array>

namespace sluice::cli {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  if (a.size() > k_spelling_length_max || b.size() > k_spelling_length_max) {
    return std::max(a.size(), b.size());
  }
  using Row = std::array<std::size_t, k_spelling_length_max + 1>;
  Row before_previous{};
  Row previous{};
  Row current{};
  for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({replace, previous[j] + 1, current[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        current[j] = std::min(current[j], before_previous[j - 2] + 1);
      }
    }
    before_previous = previous;
    previous = current;
  }
  return previous[b.size()];
}

std::optional<std::string> nearest_word(std::string_view word,
                                        std::span<const std::string_view> known,
                                        std::size_t distance_max) {
  if (word.size() < 2) return std::nullopt;
  std::optional<std::string> best;
  std::size_t best_distance = std::min(distance_max, word.size() / 2) + 1;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = std::string(candidate);
    }
  }
  return best;
}

}  // namespace sluice::cli
