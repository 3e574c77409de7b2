// What `why` knows of a job's misses, for its numbers and its report.
//
// Only what is proven is counted under a cause. explained_numbers reads the Database, which belongs
// to one thread at a time; its errors are the database's own. The others are pure: any thread.
#pragma once

#include "insight/numbers.hpp"
#include "insight/why.hpp"

#include <string>

namespace sluice::insight {

// Archives that were "never seen" become the kinds of their causes (why.hpp, Cause): those of the
// package itself, "upstream" for what was compiled because of another package.
void explain_misses(Numbers& numbers, const Explanation& explanation);

struct ExplainedNumbers {
  Numbers numbers;  // with their misses explained
  Explanation explanation;
};
Result<ExplainedNumbers> explained_numbers(journal::Database& database, const journal::JobRow& job);

// Tables: what made packages be compiled, the largest first, and why tests ran. Empty when nothing
// was compiled and no test ran.
std::string why_markdown(const Explanation& explanation);

}  // namespace sluice::insight
