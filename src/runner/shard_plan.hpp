// The share of one machine in a plan of tests.
//
// Pure but for plan_shard(), which reads or writes the file of the plan.
#pragma once

#include "base/result.hpp"
#include "runner/earlier_tests.hpp"
#include "runner/shards.hpp"
#include "runner/test_plan.hpp"

#include <string>
#include <vector>

namespace sluice::runner {

// What is run by `plan`, with what is expected of it: of what is not known here the median of the
// others is, and a second a test where nothing is.
std::vector<ShardPackage> shard_packages(const TestPlan& plan, const TestRules& rules,
                                         const EarlierTests& earlier);

// Leaves in the plan what the choice is for. Without a file all tests count the same, so that every
// machine comes to the same shards. Where the file is only to be written, nothing is left, and a
// line for people comes back. Code::invalid: a file that is not there, or is of another commit.
Result<std::string> plan_shard(TestPlan& plan, const TestRules& rules, const ShardChoice& choice,
                               const EarlierTests& earlier);

}  // namespace sluice::runner
