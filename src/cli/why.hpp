// `sluice why`: why packages were compiled and tests were run, in words and as JSON.
//
// Prints what insight/why.hpp finds; called once, from the main thread. Exit 2 for words that name
// no job or no package of the job, 1 where there is no journal.
#pragma once

#include "cli/parse.hpp"
#include "codec/json.hpp"
#include "insight/why.hpp"
#include "sys/environment.hpp"

#include <string>
#include <vector>

namespace sluice::cli {

// All of a job: groups of packages with one cause, and tests that ran.
std::string why_text(const insight::Explanation& explanation);
// Some packages, each with its way to the cause.
std::string why_packages_text(const insight::Explanation& explanation);
codec::Json why_json(const insight::Explanation& explanation);

int run_why(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
