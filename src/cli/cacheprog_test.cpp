#include "cli/cacheprog.hpp"

#include "agent/config.hpp"
#include "cli/output.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

TEST_CASE("without a session of sluice behind it, wrong settings are refused") {
  sys::Environment env;
  env.set("HOME", "/nonexistent");
  env.set("SLUICE_DRAIN", "sometimes");
  CHECK(run_cacheprog({}, env) == k_exit_usage);
  // Another version's session is no session.
  env.set(agent::k_session_variable, R"({"version":999})");
  CHECK(run_cacheprog({}, env) == k_exit_usage);
}

TEST_CASE("flags go before the session that is in the environment") {
  sys::Environment env;
  env.set("HOME", "/nonexistent");
  agent::AgentConfig config;
  config.runtime_directory = "/nonexistent/run";
  config.cache_directory = "/nonexistent/cache";
  config.local_tier = "/nonexistent/tier";
  config.domain = "trusted";
  env.set(agent::k_session_variable, config.encode());
  Flags flags;
  flags.set(SettingId::verify, "lots");
  CHECK(run_cacheprog(flags, env) == k_exit_usage);
}

}  // namespace sluice::cli
