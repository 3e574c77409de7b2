// Manual pages in roff (man(7) macros), made from the two tables: sluice(1) and one page a command.
//
// Pure but write_man_pages: any thread. Macros as in man(7) and groff_man(7).
#pragma once

#include "base/result.hpp"
#include "cli/commands.hpp"
#include "cli/parse.hpp"
#include "sys/file.hpp"

#include <string>
#include <string_view>

namespace sluice::cli {

std::string man_overview(std::string_view version);
std::string man_page(const CommandSpec& command, std::string_view version);

// All of them, as sluice.1 and sluice-NAME.1. The directory is made where it is absent; files of
// these names are replaced.
Result<void> write_man_pages(const sys::Path& directory, std::string_view version);

int run_man(const Invocation& invocation);

}  // namespace sluice::cli
