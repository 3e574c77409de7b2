#include "runner/run_package.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace sluice::runner {

RunSummary summary_of(const Packages& packages, std::vector<std::string>& not_run) {
  RunSummary summary;
  for (const auto& [path, package] : packages) {
    if (package.is_refused) {
      ++summary.not_built;
    } else if (package.was_kept) {
      ++summary.kept;
    } else if (package.has_ended) {
      summary.ran(path, package.has_passed, package.first_end.elapsed_s);
    } else if (package.facts.has_tests) {
      ++summary.not_run;
      not_run.push_back(path);
    } else {
      ++summary.without_tests;
    }
  }
  return summary;
}

Progress progress_of(const Packages& packages, const std::optional<TestHistory>& history,
                     double cores, double now_s) {
  Progress progress;
  std::vector<Remaining> remaining;
  bool is_known = history.has_value();
  for (const auto& [path, package] : packages) {
    if (!package.facts.has_tests || package.is_refused) continue;
    ++progress.all;
    if (package.is_over) {
      ++progress.done;
      continue;
    }
    const double age_s = package.process ? now_s - package.started_s : 0;
    if (package.process) progress.running.push_back({path, age_s});
    const auto cost = history ? history->cost_of(path) : std::nullopt;
    is_known = is_known && cost;
    if (cost) remaining.push_back({std::max(0.0, cost->duration_s - age_s), cost->cores});
  }
  if (is_known && progress.all > 0) progress.left_s = time_left_s(remaining, cores);
  progress.cores = cores;
  return progress;
}

std::map<std::string, std::string> profiles_of(const Packages& packages) {
  std::map<std::string, std::string> profiles;
  for (const auto& [path, package] : packages) {
    if (package.profile && !package.is_refused) profiles.emplace(path, *package.profile);
  }
  return profiles;
}

std::vector<std::string> slow_ones(Packages& packages, const TestPlan& plan, const TestRules& rules,
                                   double now_s) {
  std::vector<std::string> lines;
  for (auto& [path, package] : packages) {
    if (!package.process || package.was_told_slow) continue;
    const auto number = slow_class_of(plan.of(path), rules);
    if (!number) continue;
    const TestClass& one = rules.classes[*number];
    const double age_s = now_s - package.started_s;
    const double after_s = std::chrono::duration<double>(one.slow_after).count();
    if (age_s < after_s) continue;
    package.was_told_slow = true;
    lines.push_back(
        fmt::format("slow: {} has been running for {:.0f} s; class {} is slow after {:.0f} s", path,
                    age_s, one.name, after_s));
  }
  return lines;
}

void signal_all(const Packages& packages, int signal) {
  for (const auto& [path, package] : packages) {
    if (package.process) package.process->signal_all(signal);
  }
}

}  // namespace sluice::runner
