// `sluice agent status|wait|stop`: the agents of this job, and `agent run`, which sluice starts
// itself.
//
// Owns nothing; called once, from the main thread. No agent is an answer, not an error.
#pragma once

#include "agent/client.hpp"
#include "cli/parse.hpp"
#include "cli/setup.hpp"
#include "codec/json.hpp"
#include "sys/environment.hpp"

#include <string>
#include <vector>

namespace sluice::cli {

// What the agents of this job say, taken together: the fields of a summary, and "agents" with each
// one.
codec::Json merged_status(const std::vector<codec::Json>& replies);
// The same in a few lines for people.
std::string status_text(const codec::Json& merged);

// Every agent that belongs to this job. One that cannot be asked is no agent that could be waited
// for.
std::vector<agent::Client> agents_of(const Setup& setup);

// Whether the flags lead to one agent; without, and with those that every agent takes
// (--drain-timeout), all of the job are meant.
bool mean_one_agent(const Flags& flags);

// The agent itself, from the settings in SLUICE_SESSION. Returns when it ends.
int run_agent(const sys::Environment& env);
int run_agent_command(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
