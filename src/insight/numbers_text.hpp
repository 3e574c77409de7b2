// The numbers of a job as text for a terminal.
//
// A pure function of values: any thread. Names that came from a build are made printable.
#pragma once

#include "insight/history.hpp"
#include "insight/numbers.hpp"

#include <string>

namespace sluice::insight {

// `last`: of the last `asked` jobs of the journal, those that looked something up.
std::string numbers_text(const Numbers& numbers, const History& last, std::size_t asked);

}  // namespace sluice::insight
