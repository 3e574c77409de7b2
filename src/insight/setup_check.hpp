// Whether two YAML texts say the same but for what `sluice init` puts in: a change is shown and
// written only when that holds.
//
// Pure; any thread. Errors are those of parse_yaml.
#pragma once

#include "base/result.hpp"

#include <string_view>

namespace sluice::insight {

// `action`: as plan_github has it.
Result<bool> says_the_same(std::string_view before, std::string_view after, std::string_view file,
                           std::string_view action);

}  // namespace sluice::insight
