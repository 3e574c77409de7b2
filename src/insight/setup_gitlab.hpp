// What `sluice init gitlab` puts into a .gitlab-ci.yml: a line before the scripts of every job and
// one after them.
//
// Pure; any thread. Files that it includes are not read. Errors as plan_github's.
#pragma once

#include "base/result.hpp"
#include "insight/setup_github.hpp"

#include <string_view>

namespace sluice::insight {

Result<SetupPlan> plan_gitlab(std::string_view text, std::string_view file);

}  // namespace sluice::insight
