#include "gotool/action_text.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "codec/base64.hpp"
#include "gotool/go_quote.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::gotool {
namespace {

constexpr std::size_t k_short_hash_bytes = 15;
constexpr int k_patch_max = 15;              // of a go directive that is guessed
constexpr std::size_t k_deviations_max = 3;  // pieces that are not the likeliest at once
constexpr std::size_t k_places_max = 32;     // of `import unsafe` that go's order would have
constexpr std::size_t k_places_everywhere_max = 512;
constexpr std::string_view k_unsafe_line = "import unsafe \n";
constexpr std::size_t k_modinfo_mark_size = 16;

std::string_view package_of_import(std::string_view line) {
  line.remove_prefix(std::min(line.size(), std::string_view("import ").size()));
  return line.substr(0, line.find(' '));
}

// Every way to divide the words of two lists between them, as they are now first.
std::vector<std::string> forms_of_flags(const std::string& line, std::size_t flags_at) {
  std::string_view rest = std::string_view(line).substr(flags_at);
  auto forced = take_quoted_go_list(rest);
  if (!forced || !rest.starts_with(' ')) return {line};
  rest.remove_prefix(1);
  const auto own = take_quoted_go_list(rest);
  if (!own || rest != "\n") return {line};
  std::vector<std::string> forms{line};
  std::vector<std::string> all = *forced;
  all.insert(all.end(), own->begin(), own->end());
  for (std::size_t count = 0; count <= all.size(); ++count) {
    if (count == forced->size()) continue;
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>(count);
    forms.push_back(line.substr(0, flags_at) + quote_go_list({all.begin(), middle}) + " " +
                    quote_go_list({middle, all.end()}) + "\n");
  }
  return forms;
}

std::vector<std::string> forms_of_local(const std::string& line) {
  std::string other = line;
  const auto at = other.find(" local ");
  if (at == std::string::npos) return {line};
  const std::size_t value = at + std::string_view(" local ").size();
  if (std::string_view(other).substr(value).starts_with("true"))
    other.replace(value, 4, "false");
  else
    other.replace(value, 5, "true");
  return {line, other};
}

// "go 1.25\n": a patch release is in the directive, but not in -lang.
std::vector<std::string> forms_of_go(const std::string& line) {
  const std::string_view version = trim(std::string_view(line).substr(3));
  std::vector<std::string> forms{line, ""};
  const auto numbers = split(version, '.');
  if (numbers.size() < 2) return forms;
  const std::string language = fmt::format("go {}.{}", numbers[0], numbers[1]);
  for (int patch = -1; patch <= k_patch_max; ++patch) {
    std::string form = patch < 0 ? language + "\n" : fmt::format("{}.{}\n", language, patch);
    if (form != line) forms.push_back(std::move(form));
  }
  return forms;
}

// Builds texts from pieces and hashes them, within a bound.
class Search {
 public:
  Search(std::string_view salt, const TextPieces& pieces, std::string_view build_id,
         std::size_t bytes_max)
      : salt_(salt), build_id_(build_id), bytes_left_(bytes_max) {
    for (const auto& forms : pieces) {
      if (forms.empty()) continue;
      if (forms.size() == 1 && !pieces_.empty() && pieces_.back().size() == 1) {
        pieces_.back().front() += forms.front();
      } else {
        pieces_.push_back(forms);
      }
    }
    chosen_.assign(pieces_.size(), 0);
  }

  std::optional<std::string> run() {
    for (std::size_t deviations = 0; deviations <= k_deviations_max; ++deviations) {
      if (vary(0, deviations)) return text_;
      if (bytes_left_ == 0) break;
    }
    return std::nullopt;
  }

 private:
  bool vary(std::size_t from, std::size_t deviations) {
    if (deviations == 0) return is_right();
    for (std::size_t at = from; at < pieces_.size(); ++at) {
      for (std::size_t form = 1; form < pieces_[at].size(); ++form) {
        if (bytes_left_ == 0) return false;
        chosen_[at] = form;
        if (vary(at + 1, deviations - 1)) return true;
      }
      chosen_[at] = 0;
    }
    return false;
  }

  bool is_right() {
    text_.clear();
    for (std::size_t at = 0; at < pieces_.size(); ++at) text_ += pieces_[at][chosen_[at]];
    bytes_left_ -= std::min(bytes_left_, text_.size());
    return proves(salt_, text_, build_id_);
  }

  std::string_view salt_;
  std::string_view build_id_;
  std::size_t bytes_left_;
  TextPieces pieces_;
  std::vector<std::size_t> chosen_;
  std::string text_;
};

// Places before which go would have "unsafe": its lists are sorted, each by itself; for cgo it adds
// unsafe, runtime/cgo and syscall behind them.
std::vector<std::size_t> places_of_unsafe(const std::vector<std::string>& lines) {
  constexpr std::string_view k_name = "unsafe";
  std::vector<std::size_t> places;
  for (std::size_t at = 0; at < lines.size(); ++at) {
    if (package_of_import(lines[at]) == "runtime/cgo") places.push_back(at);
  }
  for (std::size_t at = 0; at <= lines.size() && places.size() < k_places_max; ++at) {
    const auto before = at == 0 ? std::string_view() : package_of_import(lines[at - 1]);
    const auto behind = at == lines.size() ? std::string_view() : package_of_import(lines[at]);
    if (before >= k_name && at != 0) {
      // A list may begin with it.
      if (behind.empty() || behind < before) places.push_back(at);
      continue;
    }
    if (behind.empty() || behind > k_name || behind < before) places.push_back(at);
  }
  return places;
}

std::string with_unsafe(const std::vector<std::string>& lines, std::size_t first,
                        std::size_t second) {
  std::string block;
  for (std::size_t at = 0; at <= lines.size(); ++at) {
    if (at == first) block += k_unsafe_line;
    if (at == second) block += k_unsafe_line;
    if (at < lines.size()) block += lines[at];
  }
  return block;
}

}  // namespace

std::string short_hash(const std::array<std::byte, k_digest_size>& digest) {
  std::string text = codec::base64_encode(ByteView(digest).first(k_short_hash_bytes));
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

bool proves(std::string_view salt, std::string_view text, std::string_view build_id) {
  Sha256 hash;
  hash.update(bytes_of(salt));
  hash.update(bytes_of(text));
  return short_hash(hash.finish()) == build_id;
}

std::string likeliest_text(const TextPieces& pieces) {
  std::string text;
  for (const auto& forms : pieces) {
    if (!forms.empty()) text += forms.front();
  }
  return text;
}

std::optional<std::string> find_proof(std::string_view salt, const TextPieces& pieces,
                                      std::string_view build_id, std::size_t bytes_max) {
  return Search(salt, pieces, build_id, bytes_max).run();
}

std::vector<std::string> forms_of_line(const std::string& line) {
  if (line.starts_with("go ")) return forms_of_go(line);
  if (line.starts_with("module ")) return {line, ""};
  if (line.starts_with("omitdebug ")) return forms_of_local(line);
  if (line.starts_with("compile ") || line.starts_with("asm ")) {
    const auto flags = line.find('[');
    if (flags != std::string::npos) return forms_of_flags(line, flags);
  }
  return {line};
}

std::vector<std::string> forms_of_imports(const std::vector<std::string>& lines, bool uses_unsafe,
                                          bool everywhere) {
  constexpr std::size_t k_nowhere = std::string::npos;
  const std::string without = with_unsafe(lines, k_nowhere, k_nowhere);
  std::vector<std::string> forms;
  if (!uses_unsafe) forms.push_back(without);
  const auto places = places_of_unsafe(lines);
  for (const std::size_t place : places) forms.push_back(with_unsafe(lines, place, k_nowhere));
  if (uses_unsafe) forms.push_back(without);
  for (std::size_t first = 0; first < places.size(); ++first) {
    for (std::size_t second = first; second < places.size(); ++second) {
      forms.push_back(with_unsafe(lines, places[first], places[second]));
    }
  }
  if (!everywhere || lines.size() > k_places_everywhere_max) return forms;
  for (std::size_t at = 0; at <= lines.size(); ++at) {
    if (std::ranges::find(places, at) == places.end()) {
      forms.push_back(with_unsafe(lines, at, k_nowhere));
    }
  }
  return forms;
}

TextPieces pieces_of_text(std::string_view text) {
  TextPieces pieces;
  std::vector<std::string> imports;
  bool uses_unsafe = false;
  std::vector<std::string> behind;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string line(text.substr(0, end == std::string_view::npos ? text.size() : end + 1));
    text.remove_prefix(line.size());
    // The second `import` line is of the kind that is meant; the first is the package itself.
    const bool is_import = line.starts_with("import ") && !line.starts_with("import \"");
    if (line == k_unsafe_line)
      uses_unsafe = true;
    else if (is_import)
      imports.push_back(line);
    else if (line.starts_with("pgofile "))
      behind.push_back(line);
    else
      pieces.push_back(forms_of_line(line));
  }
  if (!imports.empty() || uses_unsafe) {
    pieces.push_back(forms_of_imports(imports, uses_unsafe, true));
  }
  for (const std::string& line : behind) pieces.push_back({line});
  return pieces;
}

std::string with_modinfo(std::string_view text, std::string_view modinfo) {
  std::string line = modinfo.empty() ? "" : "modinfo " + quote_go(modinfo) + "\n";
  std::string made;
  bool is_first = true;  // the text begins with a line `compile` of its own
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto whole = text.substr(0, end == std::string_view::npos ? text.size() : end + 1);
    text.remove_prefix(whole.size());
    if (whole.starts_with("modinfo ")) continue;
    if (!is_first && whole.starts_with("compile ")) made += std::exchange(line, {});
    is_first = false;
    made += whole;
  }
  return made;
}

std::optional<std::string> modinfo_of_importcfg(std::string_view importcfg) {
  constexpr std::string_view k_word = "modinfo ";
  for (const std::string_view line : split(importcfg, '\n')) {
    if (!line.starts_with(k_word)) continue;
    const auto marked = unquote_go(trim(line.substr(k_word.size())));
    if (!marked || marked->size() < 2 * k_modinfo_mark_size) return std::nullopt;
    return marked->substr(k_modinfo_mark_size, marked->size() - 2 * k_modinfo_mark_size);
  }
  return std::nullopt;
}

}  // namespace sluice::gotool
