// INI files as the AWS tools write them: sections, keys, and indented keys below a key.
//
// Pure; any thread. Comments begin with '#' or ';' at the start of a line or after a blank. An
// indented line belongs to the key before it and is named "key.inner". Of several keys of one name
// the last counts. Errors: Code::invalid with the line, Code::exhausted above the size bound.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace sluice::codec {

inline constexpr std::size_t k_ini_size_max = 1U << 20U;

using IniSection = std::map<std::string, std::string, std::less<>>;  // keys in lower case
using Ini = std::map<std::string, IniSection, std::less<>>;

Result<Ini> parse_ini(std::string_view text, std::string_view source);

}  // namespace sluice::codec
