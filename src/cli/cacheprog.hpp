// `sluice cacheprog`: the process that go starts. On the way of every go command: no parser, no
// configuration where the command before it has resolved it already. Called once, from the main
// thread.
#pragma once

#include "cli/settings.hpp"
#include "sys/environment.hpp"

namespace sluice::cli {

int run_cacheprog(const Flags& flags, const sys::Environment& env);

}  // namespace sluice::cli
