// Manual pages in roff (man(7) macros), made from the two tables: sluice(1) and one page a command.
//
// Pure: any thread. Macros as in man(7) and groff_man(7).
#pragma once

#include "cli/commands.hpp"
#include "cli/parse.hpp"

#include <string>
#include <string_view>

namespace sluice::cli {

std::string man_overview(std::string_view version);
std::string man_page(const CommandSpec& command, std::string_view version);

int run_man(const Invocation& invocation);

}  // namespace sluice::cli
