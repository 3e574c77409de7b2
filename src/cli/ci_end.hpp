// `sluice ci end`: waits for a job's uploads, writes its report and ends its agents.
//
// Called once, from the main thread. The uploads may take the drain timeout, everything else has
// bounds of its own; an agent that does not answer is left to its own end. Faults are said and the
// exit status is 0, but 2 for wrong settings.
#pragma once

#include "cli/parse.hpp"
#include "sys/environment.hpp"

namespace sluice::cli {

int end_job(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
