// Which variables of the environment decide whose rights a remote store gives, and which are
// secrets.
//
// Pure functions; any thread; they give no error.
#pragma once

#include "store/store_url.hpp"
#include "sys/environment.hpp"

#include <string>

namespace sluice::store {

// The same text for the same credentials, endpoint and roots; empty for a folder. A digest, from
// which no secret can be read: agents are keyed by it, so that none works with another's rights.
std::string credential_identity(const StoreUrl& url, const sys::Environment& env);

// The environment without keys and tokens, for what the agent starts.
sys::Environment without_secrets(sys::Environment env);

}  // namespace sluice::store
