// From the words of a command line to an Invocation; the only unit that includes CLI11.
//
// The words that belong to go or to the command of `run` are cut off first and never parsed. Pure
// functions: any thread. A word that is not understood is Code::invalid with one line.
#pragma once

#include "base/result.hpp"
#include "cli/commands.hpp"
#include "cli/settings.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

struct Invocation {
  const CommandSpec* command = nullptr;  // null: no command was given
  Flags flags;
  std::map<std::string, std::string, std::less<>>
      options;  // "max-size" -> "10GiB"; flags -> "true"
  std::map<std::string, std::vector<std::string>, std::less<>> lists;  // of options that are some
  std::string operand;
  std::vector<std::string> operands;  // all of them, where the command takes a list
  std::vector<std::string> tail;      // go's words, or the command of `run`
  bool wants_help = false;
  bool wants_version = false;

  bool has(std::string_view option) const { return options.find(option) != options.end(); }
  std::vector<std::string> list_of(std::string_view option) const {
    const auto at = lists.find(option);
    return at == lists.end() ? std::vector<std::string>() : at->second;
  }
  std::string option_or(std::string_view option, std::string_view fallback) const {
    const auto at = options.find(option);
    return at == options.end() ? std::string(fallback) : at->second;
  }
};

// `words` are those after the program's name.
Result<Invocation> parse_words(const std::vector<std::string>& words);

}  // namespace sluice::cli
