#include "runner/run_package.hpp"

#include <algorithm>

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

void signal_all(const Packages& packages, int signal) {
  for (const auto& [path, package] : packages) {
    if (package.process) package.process->signal_all(signal);
  }
}

}  // namespace sluice::runner
