// `sluice run -- CMD...`: any command whose go commands share the cache. Called once, from the main
// thread.
#pragma once

#include "cli/parse.hpp"
#include "sys/environment.hpp"

namespace sluice::cli {

int run_run(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
