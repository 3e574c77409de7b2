// `sluice mod restore`: brings the modules of the build list into the module cache.
//
// Called once, from the main thread. No module here, a go.sum that is none: exit 2. Whatever the
// store has not, or a store that is down, is go's business afterwards: exit 0.
#pragma once

#include "cli/modules.hpp"
#include "cli/parse.hpp"
#include "sys/environment.hpp"

#include <string>

namespace sluice::cli {

// What happened, for people and for programs.
std::string modules_text(const ModulesBrought& modules);
std::string modules_json(const ModulesBrought& modules);

int run_mod(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
