// What a run was, as the journal keeps it for the runs after. Pure functions: any thread.
#pragma once

#include "journal/event.hpp"
#include "runner/test_process.hpp"
#include "runner/test_records.hpp"

#include <string>
#include <vector>

namespace sluice::runner {

// A package as a whole; `waited_s`: its threads could run and had no processor.
journal::TestRan package_row(std::string package, std::string words, const TestEnd& end,
                             double waited_s, journal::RunEnd how);
// Of a package whose tests were not run, because it could not be built or vet is against it.
journal::TestRan refused_row(std::string package, std::string words);
// Each of its tests, attempts that failed before. Subtests are part of theirs, and what was skipped
// did not run.
std::vector<journal::TestRan> test_rows(const std::string& package, const std::string& words,
                                        const TestRecords& records);

}  // namespace sluice::runner
