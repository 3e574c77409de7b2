// What processes that were killed left behind: removed when an agent starts, once it is old enough
// that nobody can want it any more.
//
// Any thread; other agents may run beside. What resists stays: the next agent tries again.
#pragma once

#include "agent/config.hpp"

namespace sluice::agent {

// A day: spills and reports of dead commands, staged uploads, sockets, locks and logs of dead
// agents. A month: copies of the index that no job has renewed.
void sweep(const AgentConfig& config);

}  // namespace sluice::agent
