#include "gotool/chosen_files.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "gotool/action_text.hpp"
#include "gotool/go_version.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace sluice::gotool {
namespace {

constexpr std::uint64_t k_file_bytes_max = std::uint64_t{16} << 20U;

// What stands behind a word at the beginning of a line, to its end.
std::string_view line_behind(std::string_view text, std::string_view word) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(word)) return line.substr(word.size());
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return {};
}

// Tags that hold: those of the text, and those of the call.
BuildTags tags_of(const FileChoice& choice, bool cgo) {
  constexpr std::string_view k_arch = " goarch ";
  constexpr auto k_instruments =
      std::to_array<std::string_view>({"\"-race\"", "\"-msan\"", "\"-asan\""});
  BuildTags tags;
  const std::string_view platform = line_behind(choice.text, "goos ");
  const auto at = platform.find(k_arch);
  if (at != std::string_view::npos) {
    tags.goos = platform.substr(0, at);
    tags.goarch = platform.substr(at + k_arch.size());
  }
  tags.cgo = cgo;
  const std::string_view compiler = line_behind(choice.text, "compile compile version ");
  tags.go_minor = minor_of(compiler.substr(0, compiler.find(' ')));
  tags.others = choice.tags;
  for (const std::string_view flag : k_instruments) {
    if (compiler.find(flag) != std::string_view::npos) {
      tags.others.emplace(flag.substr(2, flag.size() - 3));
    }
  }
  tags.is_complete = true;
  return tags;
}

bool imports_c(std::string_view text) {
  return text.find("import \"C\"") != std::string_view::npos;
}

bool is_taken(std::string_view name, std::string_view text, const BuildTags& tags) {
  if (!name_is_taken(name, tags) || text_is_taken(text, tags) != Taken::yes) return false;
  return tags.cgo || !imports_c(text);
}

// Whatever cgo was, where that is not known.
std::optional<bool> is_taken_by(const FileChoice& choice, std::string_view name,
                                std::string_view text) {
  if (choice.cgo) return is_taken(name, text, tags_of(choice, *choice.cgo));
  const bool with = is_taken(name, text, tags_of(choice, true));
  const bool without = is_taken(name, text, tags_of(choice, false));
  return with == without ? std::optional(with) : std::nullopt;
}

}  // namespace

bool is_chosen(const InputChange& file, const FileChoice& before, const FileChoice& after,
               const std::vector<sys::Path>& directories) {
  if (file.kind != InputKind::file || file.before.has_value() == file.after.has_value()) {
    return false;
  }
  // Embedded ones have no constraints; and a text may be somebody else's.
  if (file.name.find('/') != std::string::npos) return false;
  const std::string& hash = file.after ? *file.after : *file.before;
  for (const sys::Path& directory : directories) {
    const sys::Path path = directory / file.name;
    const auto info = sys::stat_file(path);
    if (!info || !*info || !(*info)->is_regular()) continue;  // a pipe would never end
    const auto bytes = sys::read_file(path, k_file_bytes_max);
    if (!bytes || !*bytes || short_hash(sha256(**bytes)) != hash) continue;
    return is_taken_by(before, file.name, text_of(**bytes)) == file.before.has_value() &&
           is_taken_by(after, file.name, text_of(**bytes)) == file.after.has_value();
  }
  return false;
}

}  // namespace sluice::gotool
