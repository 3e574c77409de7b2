// The commands that `sluice init` puts into pipelines.
#pragma once

#include <string_view>

namespace sluice::insight {

inline constexpr std::string_view k_begin = "sluice ci begin";
inline constexpr std::string_view k_begin_in_shell = "eval \"$(sluice ci begin)\"";
inline constexpr std::string_view k_end = "sluice ci end";
// Also where there is no sluice, because nothing could bring it.
inline constexpr std::string_view k_end_anyway = "sluice ci end || true";

}  // namespace sluice::insight
