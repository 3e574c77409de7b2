// Words as a shell (sh, bash, zsh, fish) takes them back, and names that it knows.
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

// Whether it can be the name of a variable.
bool is_variable_name(std::string_view text);

}  // namespace sluice
