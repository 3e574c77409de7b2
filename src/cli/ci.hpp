// `sluice ci begin` and `sluice ci end`: the cache around all steps of a CI job, for go commands
// that no sluice starts.
//
// Owns nothing; called once, from the main thread. Never fails a job: what goes wrong is said and
// the exit status is 0, but 2 for wrong words and settings.
#pragma once

#include "base/result.hpp"
#include "cli/parse.hpp"
#include "sys/environment.hpp"

#include <chrono>
#include <string>

namespace sluice::cli {

// How long the agent of a job that was begun stays unused, unless --hold says otherwise.
inline constexpr auto k_hold_unused = std::chrono::minutes(15);
// For what the store says before the first go asks it.
inline constexpr auto k_begin_wait = std::chrono::milliseconds(100);

// The time of --hold: more than nothing, at most agent::k_unused_max.
Result<std::chrono::milliseconds> hold_of(const Invocation& invocation);

int run_ci(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
