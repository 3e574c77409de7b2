#include "gotool/build_tags.hpp"

#include "base/strings.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace sluice::gotool {
namespace {

// internal/syslist of Go 1.27.
constexpr auto k_systems = std::to_array<std::string_view>(
    {"aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux",
     "nacl", "netbsd", "openbsd", "plan9", "solaris", "wasip1", "windows", "zos"});
constexpr auto k_not_unix =
    std::to_array<std::string_view>({"js", "nacl", "plan9", "wasip1", "windows", "zos"});
constexpr auto k_architectures = std::to_array<std::string_view>(
    {"386",     "amd64",  "amd64p32", "arm",      "armbe",     "arm64",       "arm64be", "loong64",
     "mips",    "mipsle", "mips64",   "mips64le", "mips64p32", "mips64p32le", "ppc",     "ppc64",
     "ppc64le", "riscv",  "riscv64",  "s390",     "s390x",     "sparc",       "sparc64", "wasm"});
// Tags of other flags than -tags.
constexpr auto k_set_by_flags = std::to_array<std::string_view>({"race", "msan", "asan", "gccgo"});
constexpr std::size_t k_expression_depth_max = 64;

template <class List>
bool contains(const List& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

Taken negated(Taken value) {
  if (value == Taken::maybe) return value;
  return value == Taken::yes ? Taken::no : Taken::yes;
}

bool is_tag_character(char character) {
  const auto byte = static_cast<unsigned char>(character);
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
         (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '.' || byte >= 0x80U;
}

// or := and { "||" and }, and := not { "&&" not }, not := "!" not | "(" or ")" | tag
class Expression {
 public:
  Expression(std::string_view text, const BuildTags& tags, TagNames* unknown)
      : text_(text), tags_(tags), unknown_(unknown) {}

  std::optional<Taken> value() {
    const Taken value = either(0);
    skip_blanks();
    if (is_broken_ || !text_.empty()) return std::nullopt;
    return value;
  }

 private:
  Taken either(std::size_t depth) {
    Taken value = both(depth);
    while (take("||")) value = std::max(value, both(depth));
    return value;
  }

  Taken both(std::size_t depth) {
    Taken value = single(depth);
    while (take("&&")) value = std::min(value, single(depth));
    return value;
  }

  Taken single(std::size_t depth) {
    if (depth > k_expression_depth_max) return broken();
    if (take("!")) return negated(single(depth + 1));
    if (take("(")) {
      const Taken value = either(depth + 1);
      return take(")") ? value : broken();
    }
    const auto end = std::ranges::find_if_not(text_, is_tag_character);
    const auto length = static_cast<std::size_t>(end - text_.begin());
    if (length == 0) return broken();
    const std::string_view tag = text_.substr(0, length);
    text_.remove_prefix(length);
    return tag_holds(tag, tags_, unknown_);
  }

  Taken broken() {
    is_broken_ = true;
    text_ = {};
    return Taken::maybe;
  }

  void skip_blanks() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\t')) {
      text_.remove_prefix(1);
    }
  }

  bool take(std::string_view token) {
    skip_blanks();
    if (!text_.starts_with(token)) return false;
    text_.remove_prefix(token.size());
    skip_blanks();
    return true;
  }

  std::string_view text_;
  const BuildTags& tags_;
  TagNames* unknown_;
  bool is_broken_ = false;
};

}  // namespace

Taken tag_holds(std::string_view tag, const BuildTags& tags, TagNames* unknown) {
  const auto said = [](bool holds) { return holds ? Taken::yes : Taken::no; };
  if (tag == tags.goos || tag == tags.goarch || tag == "gc") return Taken::yes;
  if (tag == "cgo") return said(tags.cgo);
  if (tag == "linux" && tags.goos == "android") return Taken::yes;
  if (tag == "solaris" && tags.goos == "illumos") return Taken::yes;
  if (tag == "darwin" && tags.goos == "ios") return Taken::yes;
  if (tag == "unix")
    return said(contains(k_systems, tags.goos) && !contains(k_not_unix, tags.goos));
  if (contains(k_systems, tag) || contains(k_architectures, tag)) return Taken::no;
  if (tag.starts_with("go1.")) {
    if (const auto minor = parse_int<int>(tag.substr(4))) return said(*minor <= tags.go_minor);
  }
  if (tags.others.contains(tag)) return Taken::yes;
  if (tags.is_complete || contains(k_set_by_flags, tag)) return Taken::no;
  if (unknown != nullptr) unknown->emplace(tag);
  return Taken::maybe;
}

Taken build_line_holds(std::string_view expression, const BuildTags& tags, TagNames* unknown) {
  return Expression(expression, tags, unknown).value().value_or(Taken::maybe);
}

Taken old_conditions_hold(std::string_view line, const BuildTags& tags, TagNames* unknown) {
  Taken any = Taken::no;
  for (const std::string_view option : split(line, ' ')) {
    if (trim(option).empty()) continue;
    Taken all = Taken::yes;
    for (std::string_view term : split(trim(option), ',')) {
      const bool is_not = term.starts_with('!');
      if (is_not) term.remove_prefix(1);
      const Taken value = tag_holds(term, tags, unknown);
      all = std::min(all, is_not ? negated(value) : value);
    }
    any = std::max(any, all);
  }
  return any;
}

bool name_is_taken(std::string_view name, const BuildTags& tags) {
  if (name.empty() || name.front() == '_' || name.front() == '.') return false;
  name = name.substr(0, name.find('.'));
  const auto first = name.find('_');
  if (first == std::string_view::npos) return true;
  std::vector<std::string_view> parts = split(name.substr(first), '_');
  if (parts.back() == "test") parts.pop_back();
  if (parts.empty()) return true;
  const std::string_view last = parts.back();
  const std::string_view before = parts.size() > 1 ? parts[parts.size() - 2] : "";
  const auto holds = [&tags](std::string_view tag) { return tag_holds(tag, tags) == Taken::yes; };
  if (contains(k_systems, before) && contains(k_architectures, last)) {
    return holds(before) && holds(last);
  }
  if (contains(k_systems, last) || contains(k_architectures, last)) return holds(last);
  return true;
}

Taken text_is_taken(std::string_view text, const BuildTags& tags, TagNames* unknown) {
  std::vector<std::string_view> older;          // +build lines, those before a blank line count
  std::vector<std::string_view> older_waiting;  // for that blank line
  bool in_comment = false;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (in_comment) {
      const auto close = line.find("*/");
      if (close == std::string_view::npos) continue;
      in_comment = false;
      line = trim(line.substr(close + 2));
      if (line.empty()) continue;
    }
    if (line.empty()) {
      older.insert(older.end(), older_waiting.begin(), older_waiting.end());
      older_waiting.clear();
      continue;
    }
    if (line.starts_with("//go:build ")) return build_line_holds(line.substr(11), tags, unknown);
    if (line.starts_with("//")) {
      line = trim(line.substr(2));
      if (line.starts_with("+build ")) older_waiting.push_back(line.substr(7));
      continue;
    }
    if (!line.starts_with("/*")) break;
    const auto close = line.find("*/", 2);
    in_comment = close == std::string_view::npos;
    if (!in_comment && !trim(line.substr(close + 2)).empty()) break;
  }
  Taken all = Taken::yes;
  for (const std::string_view line : older)
    all = std::min(all, old_conditions_hold(line, tags, unknown));
  return all;
}

}  // namespace sluice::gotool
