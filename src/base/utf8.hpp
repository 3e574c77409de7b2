// Characters in UTF-8. Pure functions: any thread. Source: Unicode 15, table 3-7.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice {

// Bytes of the well-formed character that `text` begins with; 0 where it begins with none.
std::size_t utf8_length(std::string_view text);

}  // namespace sluice
