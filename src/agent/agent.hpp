// One agent a job: the index in memory, what is on the way, what is to be uploaded, for all its
// sessions.
//
// run_agent() is the whole life of the process: it takes the lock (and leaves at once when another
// agent of the same configuration holds it), listens, serves, and ends by itself when nobody has
// needed it for k_idle_exit and everything is uploaded or given up.
#pragma once

#include "agent/config.hpp"
#include "sys/environment.hpp"

namespace sluice::agent {

inline constexpr auto k_idle_exit = std::chrono::seconds(30);
inline constexpr auto k_quiet_before_publish = std::chrono::milliseconds(200);
inline constexpr std::size_t k_connections_max = 512;

// Returns the exit status. `own_process`: an agent that cannot end (a store that hangs) may end the
// whole process.
int run_agent(const AgentConfig& config, const sys::Environment& env, bool own_process);

}  // namespace sluice::agent
