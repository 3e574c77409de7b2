// Why tests ran: the part of an explanation that packages alone do not give.
//
// For this room; adds to an explanation whose packages are known. Errors are the database's.
#pragma once

#include "base/result.hpp"
#include "insight/why.hpp"
#include "journal/queries.hpp"

#include <set>
#include <string>
#include <vector>

namespace sluice::insight {

// The packages that a job linked a test program of: where it ran go test these ran, be there a
// result or not.
std::set<std::string> linked_tests(const std::vector<journal::LinkRow>& links);

// `is_against`: packages are compared with a job that the user named. Of what a test consults only
// its last run is known: that is said then.
Result<void> explain_tests(journal::Database& database, Explanation& result, bool is_against);

}  // namespace sluice::insight
