// What the job of a configuration believes of its store and signs with.
//
// Pure but for the key's file and the memory of heads, which it reads; any thread.
#pragma once

#include "agent/config.hpp"
#include "base/result.hpp"
#include "store/objects.hpp"
#include "store/trust.hpp"
#include "sys/environment.hpp"

#include <optional>

namespace sluice::agent {

struct JobTrust {
  store::Trust trust;
  // Why nothing may be published: the key that shall sign is not here, or is another one. What is
  // read is then believed as ever.
  std::optional<Error> fault;
};

// The keys are those of the configuration; the one that signs comes from the environment, or from
// the file that the user's configuration holds.
JobTrust trust_of(const AgentConfig& config, const store::Objects& objects,
                  const sys::Environment& env);

// Of one who believes by these keys: what was read under others is not mixed with it. Empty where
// nobody signs.
std::string trust_identity(const AgentConfig& config);

}  // namespace sluice::agent
