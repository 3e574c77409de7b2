// The modules of the build list around a command: brought into the module cache before it, kept in
// the store after it.
//
// Files are read here, the store is the agent's business; nothing that goes wrong fails a command.
// Main thread. Format: docs/formats/modules.md.
#pragma once

#include "agent/messages.hpp"
#include "cli/agent_door.hpp"
#include "cli/setup.hpp"
#include "sys/environment.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::cli {

struct ModulesBrought {
  std::uint64_t needed = 0;
  std::uint64_t there = 0;  // before
  std::uint64_t brought = 0;
  std::uint64_t failed = 0;  // of those that the store has; the faults name them
  std::uint64_t bytes_down = 0;
  std::chrono::milliseconds took{0};
  bool was_asked = false;  // the store, just now

  std::uint64_t not_stored() const { return needed - there - brought - failed; }
};

// Whether commands bring and keep modules: the setting, and a store that is worth it.
bool carries_modules(const Setup& setup);

// Which build list a command has; `words` are a go command's without "go", else empty.
agent::ModulesAsked modules_asked(const Setup& setup, const std::vector<std::string>& words,
                                  const sys::Environment& env);
// Whether to ask for what the store had not a short while ago.
enum class Again { later, now };
// Asks the agent only where something is missing. Code::invalid: a go.sum that is none.
Result<ModulesBrought> bring_modules(AgentDoor& door, const Setup& setup,
                                     const agent::ModulesAsked& asked, const sys::Environment& env,
                                     Again again);
// GOPROXY with the agent's module proxy in it, where the command may ask for what was not brought;
// else nothing.
std::optional<std::string> goproxy_for(AgentDoor& door, const Setup& setup,
                                       const agent::ModulesAsked& asked,
                                       const ModulesBrought& brought,
                                       const std::vector<std::string>& words,
                                       const sys::Environment& env);
// The same for commands that nobody knows yet; nothing where it would show others what a file of
// the user's says: a proxy's password in `go env -w`.
std::optional<std::string> goproxy_of_job(AgentDoor& door, const Setup& setup,
                                          const agent::ModulesAsked& asked,
                                          const sys::Environment& env);
// Begins to bring what is missing, and does not wait for it.
void start_bringing_modules(AgentDoor& door, const Setup& setup, const agent::ModulesAsked& asked,
                            const sys::Environment& env);
void keep_modules(AgentDoor& door, const agent::ModulesAsked& asked);

}  // namespace sluice::cli
