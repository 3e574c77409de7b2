// A shell's text as simple commands: words, assignments before them, where output goes.
//
// A splitter of words, no shell: it knows quotes, comments, continued lines, separators,
// redirections, here-documents and the commands inside `$(…)`, and expands nothing. Pure functions;
// any thread. Text that no shell would take gives some commands or none, never an error.
#pragma once

#include "insight/pipeline.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::insight {

inline constexpr std::size_t k_shell_commands_max = 20'000;  // of one text; the rest is passed over
inline constexpr std::size_t k_shell_depth_max = 8;          // of `$(…)` inside each other

struct ShellWord {
  std::string raw;    // as it is written
  std::string value;  // without quotes; expansions as they are written
  std::uint32_t line = 0;
  bool is_plain = true;  // nothing in it that a shell would expand
};

struct ShellCommand {
  std::vector<Variable> assignments;  // NAME=value before the words, or alone
  std::vector<ShellWord> words;       // empty where there are assignments only
  std::vector<std::string> outputs;   // files that `>` and `>>` name
  std::uint32_t line = 0;
};

// `counts_lines`: line n of the text is first_line + n, else all of it is in first_line.
std::vector<ShellCommand> shell_commands(std::string_view text, std::uint32_t first_line = 1,
                                         bool counts_lines = true);

// "$NAME", "${NAME}" and the same in double quotes: NAME; else empty.
std::string_view expanded_name(std::string_view raw);

}  // namespace sluice::insight
