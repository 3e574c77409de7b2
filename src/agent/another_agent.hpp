// How a command whose environment has no secrets gets an agent of its own: it asks the one that has
// them, which starts another with its own environment.
//
// What is asked for must be the same job with the same rights, in another checkout or module at
// most: an agent gives its credentials to no other store, domain or directory. Any thread.
#pragma once

#include "agent/config.hpp"
#include "agent/messages.hpp"
#include "base/result.hpp"
#include "codec/json.hpp"
#include "sys/environment.hpp"

namespace sluice::agent {

// Code::denied when it differs in more.
Result<void> check_same_rights(const AgentConfig& own, const AgentConfig& asked);

// In the agent: the answer to a request, {"started": bool, "reason": text}.
codec::Json start_another(const AgentConfig& own, const sys::Environment& env,
                          const Frame& request);
// In the command: asks the agent at `config.secrets_agent`.
Result<void> ask_for_another(const AgentConfig& config);

}  // namespace sluice::agent
