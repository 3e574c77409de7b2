// Why tests ran: the part of an explanation that packages alone do not give.
//
// For this room; adds to an explanation whose packages are known. Errors are the database's.
#pragma once

#include "base/result.hpp"
#include "insight/why.hpp"
#include "journal/queries.hpp"

namespace sluice::insight {

Result<void> explain_tests(journal::Database& database, Explanation& result);

}  // namespace sluice::insight
