// Go's version numbers: order and parts, as internal/gover defines them.
//
// Pure functions: any thread. Text that is no version compares below every version and has minor 0.
#pragma once

#include <string>
#include <string_view>

namespace sluice::gotool {

// "1.21" < "1.21rc1" < "1.21.0" < "1.21.3"; below, at or above zero.
int compare_go_versions(std::string_view left, std::string_view right);
bool is_go_version(std::string_view text);  // "1.26.8", "1.27rc1", "1.21"
// A language version without patch, which names no toolchain ("1.21", not "1.21.0" or "1.21rc1").
bool is_language_version(std::string_view text);
// "go1.26.8-custom X:flag" -> "1.26.8"; empty when the name is no toolchain's.
std::string version_of_toolchain(std::string_view name);
// The 26 of "go1.26.8" or "1.26.8"; 0 when there is none.
int minor_of(std::string_view version);

}  // namespace sluice::gotool
