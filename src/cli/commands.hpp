// The one table of sluice's commands: words, options, operands and text for people.
//
// The parser, help, manual pages and completions all read it, so a command or option that is not
// here does not exist. Constant data: any thread.
#pragma once

#include "cli/settings_table.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace sluice::cli {

enum class CommandId {
  go,
  test,
  advise,
  run,
  job,
  cacheprog,
  env,
  ci,
  agent,
  mod,
  save,
  restore,
  stats,
  report,
  doctor,
  init,
  gc,
  fsck,
  clear,
  mtime,
  why,
  trace,
  journal,
  key,
  version,
  completion,
  man,
  help,
};

enum class CommandGroup { work, care, about };

struct OptionSpec {
  std::string_view name;        // without "--"
  std::string_view value_name;  // empty: a flag without a value
  std::span<const std::string_view> choices;
  std::string_view help;  // one line, no full stop
  bool is_list = false;   // any number of values, each after the flag or after one another
};

struct OperandSpec {
  std::string_view name;  // empty: the command takes none
  std::span<const std::string_view> choices;
  bool required = false;
  bool is_command = false;  // the name of a command of this table
  bool is_file = false;     // the path of a file: any word
  bool is_list = false;     // any number of any words; with choices the first is one of them
};

// Words that belong to somebody else and are never looked at.
enum class Tail {
  none,
  go_words,       // from the first that is no flag of ours
  test_words,     // of go test: ours may stand anywhere among them, before -args
  command_words,  // from the first that is no flag of ours, or behind --
};

struct Example {
  std::string_view line;
  std::string_view meaning;
};

struct CommandSpec {
  CommandId id;
  std::string_view name;
  std::string_view usage;    // what follows the name: "[SETTING...] ARGS..."
  std::string_view summary;  // one line, no full stop
  CommandGroup group;
  std::span<const SettingId> settings;
  std::span<const OptionSpec> options;
  OperandSpec operand;
  Tail tail;
  std::string_view description;  // paragraphs, a blank line between them
  std::span<const Example> examples;
};

std::span<const CommandSpec> command_specs();
// Null pointer when there is no such command.
const CommandSpec* find_command(std::string_view name);
const CommandSpec& spec_of(CommandId id);
std::vector<std::string_view> command_names();
std::string_view title_of(CommandGroup group);

// What the whole program is, for help and manual.
inline constexpr std::string_view k_program_summary =
    "Go builds and tests that take what another machine already made";

}  // namespace sluice::cli
