// What is wrong, for a cache, with the go commands and variables of one pipeline.
//
// Pure; any thread; no errors. A rule speaks where the text leaves no doubt, or says "may": words
// that only a shell or a template knows are passed over.
#pragma once

#include "insight/finding.hpp"
#include "insight/go_uses.hpp"
#include "insight/pipeline.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::insight {

inline constexpr std::string_view k_unset_godebug =
    "unset GODEBUG  # what the program needs belongs into go.mod: godebug NAME=VALUE";

// A variable set for the steps of such a file, as one line of its own syntax.
std::string setting_line(FileKind kind, std::string_view name, std::string_view value);

// Everything about one pipeline that the rules look at.
struct Examined {
  const Pipeline& pipeline;
  std::vector<PlacedCommand> commands;
  std::vector<GoUse> uses;
  std::vector<Variable> variables;

  explicit Examined(const Pipeline& of);
  // A finding in this file.
  Finding finding(std::string_view id, Severity severity, std::uint32_t line, std::string what,
                  std::string fix) const;
};

std::vector<Finding> advise_on_commands(const Examined& examined);
std::vector<Finding> advise_on_variables(const Examined& examined);
// Steps that compile the same packages in different ways.
std::vector<Finding> advise_on_differences(const Examined& examined);

// Flags that a GOFLAGS holds for every command, wherever that is set. The place is left to the
// caller; `kind` says in which syntax the fix is.
std::vector<Finding> advise_on_goflags(std::string_view goflags, FileKind kind = FileKind::script);

}  // namespace sluice::insight
