// Help for people: the overview and one page a command, made from the two tables. Pure: any thread.
#pragma once

#include "cli/commands.hpp"
#include "cli/parse.hpp"
#include "sys/environment.hpp"

#include <string>

namespace sluice::cli {

std::string overview_text(bool colour);
std::string help_text(const CommandSpec& command, bool colour);

// "URL", "auto|wait|detach" or nothing behind a flag.
std::string flag_text(const SettingSpec& setting);
std::string flag_text(const OptionSpec& option);

int run_help(const Invocation& invocation, const sys::Environment& env);
// The page of the command that was named, or the overview.
int print_help(const CommandSpec* command, const sys::Environment& env);

}  // namespace sluice::cli
