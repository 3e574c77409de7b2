// `sluice why --scope`: from which scope of the store each hit of a job came.
//
// Prints what insight/hit_scopes.hpp finds; called once, from the main thread. Exit 2 for words
// that name no job or no package that was a hit, 1 where there is no journal.
#pragma once

#include "cli/parse.hpp"
#include "cli/setup.hpp"
#include "codec/json.hpp"
#include "insight/hit_scopes.hpp"
#include "sys/environment.hpp"

#include <string>

namespace sluice::cli {

// An option that was given and means something else than --scope; empty where there is none.
std::string option_beside_scope(const Invocation& invocation);

std::string scopes_text(const insight::JobScopes& scopes);
codec::Json scopes_json(const insight::JobScopes& scopes);

int run_why_scope(const Invocation& invocation, const Setup& setup, const sys::Environment& env);

}  // namespace sluice::cli
