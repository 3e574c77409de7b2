// The process that go starts as its cache program: answers from the local tier, asks the agent for
// the rest.
//
// It speaks the cacheprog protocol on two descriptors until `close` or end of file. Local hits and
// puts never need the agent; a lookup that is not in the local tier is passed to the agent and
// answered when its reply comes, in any order; without an agent it is a miss. The thread that
// reads requests never waits for a reply. Nothing here ever makes a put or a close fail.
#pragma once

#include "agent/config.hpp"
#include "sys/environment.hpp"

namespace sluice::agent {

// Returns the exit status. `config` must be complete; `env` is passed to an agent started from
// here. Writes the protocol's first message before anything else.
int run_session(const AgentConfig& config, const sys::Environment& env, int input_fd,
                int output_fd);

}  // namespace sluice::agent
