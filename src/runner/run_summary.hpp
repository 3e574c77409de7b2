// What a whole test run came to, as one line for people. A value; one thread.
#pragma once

#include <cstddef>
#include <string>

namespace sluice::runner {

struct RunSummary {
  std::size_t passed = 0;  // packages, each counted once
  std::size_t failed = 0;
  std::size_t kept = 0;       // their results were known
  std::size_t not_built = 0;  // nor loaded, or vet is against them
  std::size_t not_run = 0;    // because somebody interrupted, or another failed first
  std::size_t without_tests = 0;
  std::size_t flaky = 0;  // tests that passed in the end
  std::string longest;    // the package that ran for the longest time
  double longest_s = 0;

  void ran(const std::string& package, bool has_passed, double took_s);
  // Empty where there was nothing at all.
  std::string text(double wall_s) const;
};

}  // namespace sluice::runner
