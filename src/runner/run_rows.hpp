// What a run was, as the journal keeps it for the runs after. Pure functions: any thread.
#pragma once

#include "journal/event.hpp"
#include "runner/test_plan.hpp"
#include "runner/test_process.hpp"
#include "runner/test_records.hpp"

#include <string>
#include <vector>

namespace sluice::runner {

// A package as a whole; `waited_s`: its threads could run and had no processor.
journal::TestRan package_row(std::string package, std::string words, const TestEnd& end,
                             double waited_s, journal::RunEnd how);
// Of a package whose tests were not run: their result was known, or they could not be.
journal::TestRan unrun_row(std::string package, std::string words, bool has_passed);
// What a package's tests are told: what all are, and what is left out of it.
std::string words_for_rows(const std::string& words, const PackagePlan& plan);
// Each of its tests, attempts that failed before. Subtests are part of theirs, and what was skipped
// did not run.
std::vector<journal::TestRan> test_rows(const std::string& package, const std::string& words,
                                        const TestRecords& records);

}  // namespace sluice::runner
