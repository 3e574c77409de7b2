// Which lookups follow a lookup: the keys that go derives from an action by name.
//
// Half of all lookups of a job are cache.Subkey(action, name) of an action asked for before, so
// they can be fetched together with it. Pure functions: any thread, no errors.
#pragma once

#include "base/digest.hpp"
#include "base/subkey.hpp"

#include <vector>

namespace sluice::gotool {

// Subkeys with a fixed name, in the order of how often go asks for them.
std::vector<ActionId> predicted_subkeys(const ActionId& action);

}  // namespace sluice::gotool
