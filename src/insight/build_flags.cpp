#include "insight/build_flags.hpp"

#include "gotool/go_flags.hpp"
#include "sys/file.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::insight {
namespace {

// Those with build flags, so far as they compile.
constexpr auto k_compiling = std::to_array<std::string_view>(
    {"build", "install", "test", "run", "vet", "list", "get", "tool", "fix"});

// "-x=v", "--x"; the name is empty for what is no flag.
std::pair<std::string_view, std::optional<std::string_view>> parts_of(std::string_view word) {
  if (!word.starts_with('-') || word == "-" || word == "--") return {};
  word.remove_prefix(word.starts_with("--") ? 2 : 1);
  const auto equals = word.find('=');
  if (equals == std::string_view::npos) return {word, std::nullopt};
  return {word.substr(0, equals), word.substr(equals + 1)};
}

// By words of go's that begin behind the subcommand; the last counts.
std::optional<std::string> by_words(const std::vector<std::string>& words, std::size_t from,
                                    std::string_view name, bool goes_on_behind_packages) {
  std::optional<std::string> found;
  for (std::size_t at = from; at < words.size(); ++at) {
    auto [flag, value] = parts_of(words[at]);
    if (flag.empty() && !goes_on_behind_packages) break;
    if (flag == "args") break;
    if (!value && gotool::takes_value(flag) && at + 1 < words.size()) value = words[++at];
    if (flag == name) found = std::string(value.value_or("true"));
  }
  return found;
}

FlagOfJob flag_of_command(const journal::CommandRow& command, std::string_view name) {
  const auto by_environment = gotool::split_go_words(command.goflags);
  if (!by_environment) return {};
  FlagOfJob flag{true, std::nullopt};
  if (auto value = by_words(*by_environment, 0, name, true)) {
    flag.given = GivenFlag{std::move(*value), true};
  }
  const bool is_test = command.words[1] == "test";
  if (auto value = by_words(command.words, 2, name, is_test)) {
    flag.given = GivenFlag{std::move(*value), false};
  }
  return flag;
}

}  // namespace

FlagOfJob flag_of(const std::vector<journal::CommandRow>& commands, std::string_view name) {
  std::optional<FlagOfJob> all;
  for (const journal::CommandRow& command : commands) {
    if (command.words.empty() || sys::Path(command.words.front()).filename() != "go") return {};
    if (command.words.size() < 2) continue;
    // Flags before the subcommand (-C) are no build flags, but the words are not in their places.
    if (command.words[1].starts_with('-')) return {};
    if (std::ranges::find(k_compiling, command.words[1]) == k_compiling.end()) continue;
    FlagOfJob one = flag_of_command(command, name);
    if (!one.is_known || (all && all->given != one.given)) return {};
    all = std::move(one);
  }
  return all.value_or(FlagOfJob{});
}

}  // namespace sluice::insight
