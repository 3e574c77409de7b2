// What `sluice init jenkins` puts into a declarative Jenkinsfile: the variables for all stages, and
// a step after them.
//
// A scanner of braces, strings and comments, no Groovy. Pure; any thread. Errors as plan_github's:
// a scripted pipeline, or braces that do not stand at the ends of lines.
#pragma once

#include "base/result.hpp"
#include "insight/setup_github.hpp"

#include <string_view>

namespace sluice::insight {

Result<SetupPlan> plan_jenkins(std::string_view text, std::string_view file);

}  // namespace sluice::insight
