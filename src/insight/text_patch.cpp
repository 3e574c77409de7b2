#include "insight/text_patch.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::insight {
namespace {

constexpr std::size_t k_context = 3;

// With their ends; the last one may have none.
std::vector<std::string_view> whole_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::size_t size = end == std::string_view::npos ? text.size() : end + 1;
    lines.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return lines;
}

std::string with_line_ends_of(std::string_view text, const std::string& lines) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos || end == 0 || text[end - 1] != '\r') return lines;
  std::string out;
  for (const char c : lines) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

struct DiffLine {
  char sign = ' ';
  std::string_view text;
};

// Both texts in one list: what is only in `after` was put in, what is only in `before` is a last
// line that had no end.
std::vector<DiffLine> aligned(const std::vector<std::string_view>& before,
                              const std::vector<std::string_view>& after) {
  std::vector<DiffLine> lines;
  std::size_t old = 0;
  for (const std::string_view line : after) {
    if (old < before.size() && before[old] == line) {
      lines.push_back({' ', line});
      ++old;
      continue;
    }
    const bool got_its_end =
        old + 1 == before.size() && !before[old].ends_with('\n') && line.starts_with(before[old]);
    if (got_its_end) {
      lines.push_back({'-', before[old]});
      ++old;
    }
    lines.push_back({'+', line});
  }
  for (; old < before.size(); ++old) lines.push_back({'-', before[old]});
  return lines;
}

std::string range_text(std::size_t start, std::size_t count) {
  // A range of no lines names the line before it.
  if (count == 0) return fmt::format("{},0", start == 0 ? 0 : start - 1);
  return count == 1 ? fmt::format("{}", start) : fmt::format("{},{}", start, count);
}

}  // namespace

TextLines::TextLines(std::string_view text) {
  for (std::string_view line : whole_lines(text)) {
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines_.push_back(line);
  }
}

std::string_view TextLines::line(std::uint32_t number) const {
  return number == 0 || number > lines_.size() ? std::string_view() : lines_[number - 1];
}

std::string_view TextLines::indent(std::uint32_t number) const {
  const std::string_view text = line(number);
  return text.substr(0, std::min(text.find_first_not_of(" \t"), text.size()));
}

bool TextLines::is_blank(std::uint32_t number) const { return trim(line(number)).empty(); }

bool TextLines::is_comment(std::uint32_t number) const {
  return trim(line(number)).starts_with('#');
}

std::uint32_t TextLines::with_comments_above(std::uint32_t number) const {
  while (number > 1 && is_comment(number - 1)) --number;
  return number;
}

std::uint32_t TextLines::end_of_block(std::uint32_t first, std::size_t width) const {
  std::uint32_t last = first;
  for (std::uint32_t number = first + 1; number <= count(); ++number) {
    if (is_blank(number)) continue;
    if (indent(number).size() <= width) break;
    last = number;
  }
  return last;
}

std::string with_insertions(std::string_view text, std::vector<Insertion> insertions) {
  std::vector<Insertion> kept;
  for (Insertion& insertion : insertions) {
    if (std::ranges::find(kept, insertion) == kept.end()) kept.push_back(std::move(insertion));
  }
  std::ranges::stable_sort(kept, {}, &Insertion::before_line);
  std::string out;
  auto next = kept.begin();
  std::uint32_t number = 0;
  const auto put_in = [&](const Insertion& insertion) {
    if (!out.empty() && !out.ends_with('\n')) out += with_line_ends_of(text, "\n");
    out += with_line_ends_of(text, insertion.lines);
  };
  for (const std::string_view line : whole_lines(text)) {
    ++number;
    for (; next != kept.end() && next->before_line <= number; ++next) put_in(*next);
    out += line;
  }
  for (; next != kept.end(); ++next) put_in(*next);
  return out;
}

std::string unified_diff(std::string_view file, std::string_view before, std::string_view after,
                         bool is_new) {
  if (before == after) return {};
  const std::vector<DiffLine> lines = aligned(whole_lines(before), whole_lines(after));
  std::string out = is_new ? std::string("--- /dev/null\n") : fmt::format("--- a/{}\n", file);
  out += fmt::format("+++ b/{}\n", file);
  std::size_t old_line = 1;
  std::size_t new_line = 1;
  std::size_t at = 0;
  const auto changed_within = [&lines](std::size_t from, std::size_t to) {
    return std::any_of(lines.begin() + static_cast<std::ptrdiff_t>(from),
                       lines.begin() + static_cast<std::ptrdiff_t>(std::min(to, lines.size())),
                       [](const DiffLine& line) { return line.sign != ' '; });
  };
  while (at < lines.size()) {
    if (!changed_within(at, at + k_context + 1)) {
      ++old_line;  // an unchanged one, far from every change
      ++new_line;
      ++at;
      continue;
    }
    std::string body;
    std::size_t old_count = 0;
    std::size_t new_count = 0;
    // As long as a change is near, before or behind.
    for (std::size_t since = 0; at < lines.size(); ++at) {
      since = lines[at].sign == ' ' ? since + 1 : 0;
      if (since > k_context && !changed_within(at, at + k_context + 1)) break;
      body += lines[at].sign;
      body += lines[at].text;
      if (!body.ends_with('\n')) body += "\n\\ No newline at end of file\n";
      if (lines[at].sign != '+') ++old_count;
      if (lines[at].sign != '-') ++new_count;
    }
    out += fmt::format("@@ -{} +{} @@\n{}", range_text(old_line, old_count),
                       range_text(new_line, new_count), body);
    old_line += old_count;
    new_line += new_count;
  }
  return out;
}

}  // namespace sluice::insight
