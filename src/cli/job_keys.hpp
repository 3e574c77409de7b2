// What keys make of a job: whose results it believes, whether it can sign, and so which trust
// domain it writes to.
//
// Reads the environment and the user's files, changes nothing but the settings it is given; any
// thread. Errors are Code::invalid with one line.
#pragma once

#include "agent/job.hpp"
#include "base/result.hpp"
#include "cli/settings.hpp"
#include "sys/environment.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sluice::cli {

inline constexpr std::string_view k_fork = "fork";  // the domain of those who are not trusted

struct JobKeys {
  std::string trusted;  // these three as in AgentConfig
  std::string signer;
  std::string signer_proof;
  // Inside a command of a sluice that has kept the secrets to itself: its agent serves this one
  // too.
  bool secrets_apart = false;
  sys::Path secrets_agent;                 // where that one is
  std::optional<std::string> credentials;  // of that agent, where it is of the same store
};

// A fork's pull request is not trusted unless the owner of the pipeline says which domain it is in,
// and signs nothing. Where signatures count and there is no key to sign with, a CI job gets the
// domain `fork` and a desk reads only; one that was told to write `trusted` all the same is
// refused.
Result<JobKeys> decide_trust(Settings& settings, const agent::Job& job,
                             const sys::Environment& env);

}  // namespace sluice::cli
