#include "gotool/git_head.hpp"

#include "base/bytes.hpp"
#include "base/strings.hpp"

#include <algorithm>
#include <string_view>

namespace sluice::gotool {
namespace {

constexpr std::uint64_t k_ref_max = std::uint64_t{4} << 10U;
constexpr std::uint64_t k_packed_refs_max = std::uint64_t{64} << 20U;
constexpr std::string_view k_symbolic = "ref:";
constexpr int k_names_max = 5;  // as git follows

std::string text_in(const sys::Path& file, std::uint64_t size_max) {
  const auto bytes = sys::read_file(file, size_max);
  return bytes && *bytes ? std::string(text_of(**bytes)) : std::string();
}

bool is_commit(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string packed(const sys::Path& git_directory, std::string_view ref) {
  const std::string text = text_in(git_directory / "packed-refs", k_packed_refs_max);
  for (std::string_view line : split(text, '\n')) {
    const auto space = line.find(' ');
    if (space == std::string_view::npos || line.substr(space + 1) != ref) continue;
    return is_commit(line.substr(0, space)) ? std::string(line.substr(0, space)) : std::string();
  }
  return {};
}

}  // namespace

std::optional<GitHead> git_head(const sys::Path& git_directory) {
  GitHead head;
  std::string text(trim(text_in(git_directory / "HEAD", k_ref_max)));
  for (int names = 0; names < k_names_max; ++names) {
    if (is_commit(text)) {
      head.commit = text;
      return head;
    }
    if (!text.starts_with(k_symbolic)) return std::nullopt;
    const std::string ref(trim(std::string_view(text).substr(k_symbolic.size())));
    // Where refs lie in a table, HEAD names one that cannot be.
    if (!ref.starts_with("refs/") || ref.find("..") != std::string::npos ||
        ref.find("/.") != std::string::npos) {
      return std::nullopt;
    }
    if (head.ref.empty()) head.ref = ref;
    text = trim(text_in(git_directory / ref, k_ref_max));
    if (text.empty()) {
      head.commit = packed(git_directory, ref);
      return head;
    }
  }
  return std::nullopt;
}

}  // namespace sluice::gotool
