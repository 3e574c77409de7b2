// What of the named resources, the places of classes among them, a package takes while its tests
// run.
//
// Pure functions: any thread.
#pragma once

#include "runner/task.hpp"
#include "runner/test_plan.hpp"
#include "runner/test_rules.hpp"

#include <cstdint>
#include <vector>

namespace sluice::runner {

// For Capacity::resources: those of the rules, and behind them each class's places.
std::vector<std::uint32_t> amounts_of(const TestRules& rules);
// Of two classes that need the same the larger share.
std::vector<Need> needs_of(const PackagePlan& plan, const TestRules& rules);

}  // namespace sluice::runner
