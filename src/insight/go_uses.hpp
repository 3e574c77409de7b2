// The go commands of a pipeline, each with the flags and variables that it runs under.
//
// Finds them behind the wrappers that people put before go (env, sudo, timeout, xargs, sluice …),
// inside `sh -c`, as gotestsum's arguments and by the usual names of variables (`$(GO)`). Pure
// functions; any thread; no errors: what cannot be told is not there.
#pragma once

#include "insight/pipeline.hpp"
#include "insight/shell.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::insight {

struct GoFlag {
  std::string name;   // without dashes
  std::string value;  // empty when there is none
  std::string raw;    // as it is written, with a value that stands apart
  std::uint32_t line = 0;
  bool from_goflags = false;
  bool is_plain = true;  // false: a shell or a template decides what it is

  bool is_off() const { return value == "false" || value == "0"; }
};

struct GoUse {
  std::string job;
  std::string subcommand;             // "test"
  std::vector<GoFlag> flags;          // of GOFLAGS, then its own
  std::vector<std::string> packages;  // as they are written
  std::vector<Variable> environment;
  std::string text;  // the command as one line, from go on
  std::uint32_t line = 0;
  bool has_arguments = false;  // -args: words for the test itself
  bool is_certain = true;      // false: words that only the shell knows

  // The last of this name, its own before GOFLAGS'; null pointer when there is none.
  const GoFlag* flag(std::string_view name) const;
  bool is_on(std::string_view name) const;
  std::string variable_or(std::string_view name, std::string_view fallback) const;
  // The command without the words of these flags.
  std::string text_without(const std::vector<std::string_view>& names) const;
};

// Every simple command of the pipeline, with its step's environment and what scripts exported.
struct PlacedCommand {
  std::string job;
  ShellCommand command;
  std::vector<Variable> environment;
  bool ends_shell = false;  // nothing comes after it in its shell
};
std::vector<PlacedCommand> commands_of(const Pipeline& pipeline);

// Variables that the pipeline sets for go, wherever it does: in its own syntax, by export, by
// GITHUB_ENV, before a command, or by `go env -w`.
std::vector<Variable> variables_of(const Pipeline& pipeline,
                                   const std::vector<PlacedCommand>& commands);

std::optional<GoUse> go_use_of(const PlacedCommand& placed);
std::vector<GoUse> go_uses_of(const std::vector<PlacedCommand>& commands);

// Whether go build or go test has a flag of this name; others are for the test binary.
bool is_go_flag(std::string_view name);

// The flags of a GOFLAGS text.
std::vector<GoFlag> flags_of_goflags(std::string_view text, std::uint32_t line);

}  // namespace sluice::insight
