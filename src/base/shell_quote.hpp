// Words as a shell (sh, bash, zsh, fish) takes them back.
//
// Pure functions: any thread.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// In single quotes, whatever it is.
std::string shell_quoted(std::string_view text);
// In quotes only where it needs them.
std::string shell_word(std::string_view text);

}  // namespace sluice
