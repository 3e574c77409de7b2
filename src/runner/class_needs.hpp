// What of the named resources, the places of classes among them, a package takes while its tests
// run.
//
// Any thread; all but capacity_of() pure.
#pragma once

#include "gotool/test_words.hpp"
#include "runner/load.hpp"
#include "runner/task.hpp"
#include "runner/test_plan.hpp"
#include "runner/test_rules.hpp"
#include "sys/cgroup.hpp"

#include <cstdint>
#include <vector>

namespace sluice::runner {

// For Capacity::resources: those of the rules, and behind them each class's places.
std::vector<std::uint32_t> amounts_of(const TestRules& rules);
// What a run has: the machine, its named resources, and the bound of -p.
Capacity capacity_of(const sys::Cgroups& cgroups, const gotool::TestWords& words,
                     const TestRules& rules);
// Of two classes that need the same the larger share.
std::vector<Need> needs_of(const PackagePlan& plan, const TestRules& rules);

}  // namespace sluice::runner
