// `sluice report`: the summary of a job where its CI system shows it.
//
// Owns nothing; called once, from the main thread. Never fails because of what the numbers are.
#pragma once

#include "base/result.hpp"
#include "cli/parse.hpp"
#include "cli/setup.hpp"
#include "sys/environment.hpp"

#include <string>
#include <string_view>

namespace sluice::cli {

// Where the report goes: the file of --file, else that of GITHUB_STEP_SUMMARY; empty: it is
// printed.
std::string report_file(const Invocation& invocation, const sys::Environment& env);

// The report of the job that `selector` names (as --job).
Result<std::string> report_text(const Setup& setup, std::string_view selector);

// Adds it to the end of a file: other steps may have written there. Code::invalid where that is no
// place for a file.
Result<void> add_report(const std::string& file, std::string_view text);

int run_report(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
