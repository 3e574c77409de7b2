// Lines put into a text and nothing else changed, as a text and as a unified diff.
//
// Values and pure functions: any thread, no errors. Lines are counted from 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::insight {

// Whole lines, each with its '\n'; they come to stand before the line of that number, behind the
// last one where there is no such line.
struct Insertion {
  std::uint32_t before_line = 1;
  std::string lines;

  bool operator==(const Insertion&) const = default;
};

// The lines of a text, as positions: with what YAML's and people's eyes see of each.
class TextLines {
 public:
  explicit TextLines(std::string_view text);

  std::uint32_t count() const { return static_cast<std::uint32_t>(lines_.size()); }
  // Without its end; empty for a number that is none.
  std::string_view line(std::uint32_t number) const;
  // Blanks before the first letter.
  std::string_view indent(std::uint32_t number) const;
  bool is_blank(std::uint32_t number) const;
  bool is_comment(std::uint32_t number) const;  // of YAML and of shells
  // The first of the comment lines that stand directly above, or the line itself.
  std::uint32_t with_comments_above(std::uint32_t number) const;
  // The last line of what begins in line `first` and is indented by more than `width`; blank lines
  // at its end are not of it.
  std::uint32_t end_of_block(std::uint32_t first, std::size_t width) const;

 private:
  std::vector<std::string_view> lines_;
};

// Insertions before the same line follow each other as they are given; equal ones are one. Takes
// the file's own line ends.
std::string with_insertions(std::string_view text, std::vector<Insertion> insertions);

// For `git apply` and `patch -p1`; empty where nothing differs. `after` is `before` with lines put
// in; an empty `before` is a file that was not there when `is_new`.
std::string unified_diff(std::string_view file, std::string_view before, std::string_view after,
                         bool is_new);

}  // namespace sluice::insight
