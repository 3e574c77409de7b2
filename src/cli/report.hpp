// `sluice report`: the summary of a job where its CI system shows it.
//
// Owns nothing; called once, from the main thread. Never fails because of what the numbers are.
#pragma once

#include "cli/parse.hpp"
#include "sys/environment.hpp"

#include <string>

namespace sluice::cli {

// Where the report goes: the file of --file, else that of GITHUB_STEP_SUMMARY; empty: it is
// printed.
std::string report_file(const Invocation& invocation, const sys::Environment& env);

int run_report(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
