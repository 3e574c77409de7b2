#include "cli/cacheprog.hpp"

#include "agent/config.hpp"
#include "agent/session.hpp"
#include "cli/output.hpp"
#include "cli/setup.hpp"
#include "sys/process.hpp"

#include <unistd.h>

#include <algorithm>

namespace sluice::cli {

namespace {

bool has_no_flags(const Flags& flags) {
  return std::none_of(flags.values.begin(), flags.values.end(),
                      [](const auto& value) { return value.has_value(); });
}

}  // namespace

int run_cacheprog(const Flags& flags, const sys::Environment& env) {
  // go handles an interrupt typed at the terminal and needs its cache program until its own end.
  sys::ignore_interrupts();
  if (has_no_flags(flags)) {
    const auto config = agent::AgentConfig::of_environment(env);
    if (config) return agent::run_session(*config, env, STDIN_FILENO, STDOUT_FILENO);
  }
  // Started by a go that no sluice stands behind, or by a sluice of another version.
  auto setup = set_up(flags, env, current_directory());
  if (!setup) return report(setup.error());
  setup->config.say_faults = true;
  return agent::run_session(setup->config, env, STDIN_FILENO, STDOUT_FILENO);
}

}  // namespace sluice::cli
