// What `sluice init generic` and `sluice init buildkite` put into a shell script.
//
// Pure; any thread. Errors as plan_github's.
#pragma once

#include "base/result.hpp"
#include "insight/setup_github.hpp"

#include <string_view>

namespace sluice::insight {

// Both ends of a script that is a whole job: the second is a trap.
Result<SetupPlan> plan_script(std::string_view text, std::string_view file);

// A hook of Buildkite that is there: its pre-command hook begins, its pre-exit hook ends.
enum class Hook { pre_command, pre_exit };
Result<SetupPlan> plan_hook(std::string_view text, std::string_view file, Hook hook);
// The text of one that was not there.
std::string new_hook(Hook hook);

}  // namespace sluice::insight
