// `sluice go ARGS...`: a go command with the cache behind it. Called once, from the main thread.
#pragma once

#include "cli/parse.hpp"
#include "sys/environment.hpp"

namespace sluice::cli {

int run_go(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
