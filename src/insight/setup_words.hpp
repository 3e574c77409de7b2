// The commands that `sluice init` puts into pipelines.
#pragma once

#include <string_view>

namespace sluice::insight {

inline constexpr std::string_view k_begin = "sluice ci begin";
inline constexpr std::string_view k_begin_in_shell = "eval \"$(sluice ci begin)\"";
inline constexpr std::string_view k_end = "sluice ci end";
// Also where there is no sluice, because nothing could bring it.
inline constexpr std::string_view k_end_anyway = "sluice ci end || true";

// Conditions of GitHub's steps.
inline constexpr std::string_view k_if_always = "always()";
inline constexpr std::string_view k_if_linux = "runner.os == 'Linux'";
inline constexpr std::string_view k_if_always_on_linux = "always() && runner.os == 'Linux'";

}  // namespace sluice::insight
