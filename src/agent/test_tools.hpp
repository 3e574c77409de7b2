// What go's linker and vet do when a run of tests has started go: what need not run is not linked,
// what is linked is moved to where the run finds it, and the run is told.
//
// Runs in the process that go started as the tool, from the main thread; the exit status, or
// nothing where the tool is to be started as ever. docs/formats/test-door.md.
#pragma once

#include "agent/config.hpp"
#include "sys/environment.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sluice::agent {

// `words` begin with the linker; `link` is the link of the link cache, as long as there is one.
std::optional<int> link_for_run(const AgentConfig& config, const std::vector<std::string>& words,
                                const sys::Environment& env,
                                const std::function<std::optional<int>()>& link);
std::optional<int> vet_for_run(const AgentConfig& config, const std::vector<std::string>& words,
                               const sys::Environment& env);

}  // namespace sluice::agent
