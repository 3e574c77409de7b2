#include "runner/class_needs.hpp"

#include "runner/go_rules.hpp"
#include "runner/load_meter.hpp"

#include <algorithm>
#include <map>

namespace sluice::runner {

std::vector<std::uint32_t> amounts_of(const TestRules& rules) {
  std::vector<std::uint32_t> amounts;
  for (const auto& [name, amount] : rules.resources) amounts.push_back(amount);
  for (const TestClass& one : rules.classes) {
    amounts.push_back(one.parallelism == 0 ? k_places_max : one.parallelism);
  }
  return amounts;
}

Capacity capacity_of(const sys::Cgroups& cgroups, const gotool::TestWords& words,
                     const TestRules& rules) {
  Capacity capacity = machine_capacity(cgroups);
  capacity.tasks_max = packages_at_once(words);
  capacity.resources = amounts_of(rules);
  return capacity;
}

std::vector<Need> needs_of(const PackagePlan& plan, const TestRules& rules) {
  std::map<std::size_t, std::uint32_t> weights;
  for (const ClassNumber number : plan.classes) {
    const TestClass& one = rules.classes[number];
    for (const auto& [resource, amount] : one.resources) {
      weights[resource] = std::max(weights[resource], amount);
    }
    if (one.parallelism != 0) weights[rules.resources.size() + number] = 1;
  }
  std::vector<Need> needs;
  for (const auto& [resource, weight] : weights) needs.push_back({resource, weight});
  return needs;
}

}  // namespace sluice::runner
