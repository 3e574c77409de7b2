#include "gotool/toolchain.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace sluice::gotool {
namespace {

// Sub-commands that build nothing. get, mod and work look packages up, but their few index entries
// are not worth an agent; plain go serves them from the same local tier. Unknown words count as
// work: a sub-command of a later Go is more likely to build than not.
constexpr std::array<std::string_view, 11> k_idle_subcommands = {
    "bug", "clean", "doc", "env", "fmt", "get", "help", "mod", "telemetry", "version", "work"};

// Of any module, those of no go.sum among them.
constexpr std::array<std::string_view, 3> k_fetching_subcommands = {"get", "install", "run"};
constexpr std::array<std::string_view, 6> k_fetching_of_mod = {"download", "graph",  "tidy",
                                                               "vendor",   "verify", "why"};

template <class Words>
bool is_one_of(std::string_view word, const Words& words) {
  return std::ranges::find(words, word) != words.end();
}

// Reads -C DIR or -C=DIR at `at`; moves `at` behind it.
void take_directory(const std::vector<std::string>& words, std::size_t& at,
                    std::string& directory) {
  if (at >= words.size()) return;
  const std::string_view word = words[at];
  if (word == "-C" || word == "--C") {
    if (at + 1 < words.size()) directory = words[at + 1];
    at += 2;
  } else if (word.starts_with("-C=") || word.starts_with("--C=")) {
    directory = word.substr(word.find('=') + 1);
    at += 1;
  }
}

}  // namespace

GoWords parse_go_words(const std::vector<std::string>& words) {
  GoWords result;
  std::size_t at = 0;
  take_directory(words, at, result.change_directory);
  if (at >= words.size() || words[at].empty() || words[at].starts_with('-')) return result;
  result.subcommand = words[at++];
  const bool has_second_word = result.subcommand == "mod" || result.subcommand == "work";
  std::string_view second;
  if (has_second_word && at < words.size() && !words[at].starts_with('-')) second = words[at++];
  take_directory(words, at, result.change_directory);
  result.is_work = !is_one_of(result.subcommand, k_idle_subcommands);
  result.fetches_modules = is_one_of(result.subcommand, k_fetching_subcommands) ||
                           (result.subcommand == "mod" && is_one_of(second, k_fetching_of_mod));
  result.wants_executables = result.subcommand == "run" || result.subcommand == "tool";
  return result;
}

}  // namespace sluice::gotool
