// The journal as the commands that show it open it: what has happened up to now, agents' part
// included.
//
// Asks the agents of this job that are running, and starts none. Called from the main thread.
// Code::not_found: there is no journal yet, or it is switched off; the message says which. What was
// set aside is said on stderr.
#pragma once

#include "base/result.hpp"
#include "cli/setup.hpp"
#include "journal/database.hpp"
#include "journal/queries.hpp"

#include <string_view>

namespace sluice::cli {

Result<journal::Database> open_journal(const Setup& setup);

// The job that a command is about: what the user names (journal::find_job), else the CI job this
// process is part of, else the last one of this machine ("last"). Code::invalid: there is no such
// job; it names some.
Result<journal::JobRow> chosen_job(journal::Database& database, const Setup& setup,
                                   std::string_view selector);

}  // namespace sluice::cli
