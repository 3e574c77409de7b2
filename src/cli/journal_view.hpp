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

namespace sluice::cli {

Result<journal::Database> open_journal(const Setup& setup);

}  // namespace sluice::cli
