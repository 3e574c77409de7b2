// `sluice stats`: the numbers of a job, from the journal.
//
// Owns nothing; called once, from the main thread.
#pragma once

#include "base/result.hpp"
#include "cli/parse.hpp"
#include "sys/environment.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::cli {

inline constexpr std::size_t k_last_jobs_max = 1000;

// How many jobs --last means.
Result<std::size_t> last_jobs_of(std::string_view text);

// The format that --format or --json asks for; refused (invalid) where they contradict.
Result<std::string> stats_format(const Invocation& invocation);

int run_stats(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
