// Why programs were linked: their main packages' causes, else what is known of the link itself.
//
// For this room; adds to an explanation whose packages are known. go's key of a link is not
// recomputed, so what is said of one whose main package was not compiled is not proven. Errors are
// the database's.
#pragma once

#include "base/result.hpp"
#include "insight/why.hpp"
#include "journal/queries.hpp"

namespace sluice::insight {

Result<void> explain_links(journal::Database& database, Explanation& result);

// Of a main package that was never linked, compiled anew from inputs that are the same as far as
// they are known: by the commands' words, so never proven.
std::vector<Cause> causes_of_unlinked(const std::vector<journal::CommandRow>& before,
                                      const std::vector<journal::CommandRow>& after);

}  // namespace sluice::insight
