// What a whole test run came to, as one line for people. A value; one thread.
#pragma once

#include <cstddef>
#include <string>

namespace sluice::runner {

class RunSummary {
 public:
  void ran(const std::string& package, bool has_passed, double took_s);
  void flaky(std::size_t tests) { flaky_ += tests; }  // passed in the end
  void kept() { ++kept_; }                            // its result was known
  void not_built() { ++not_built_; }                  // nor vetted, nor loaded
  void without_tests() { ++without_tests_; }

  // Empty where there was nothing at all.
  std::string text(double wall_s) const;

 private:
  std::size_t ran_ = 0;
  std::size_t failed_ = 0;
  std::size_t flaky_ = 0;
  std::size_t kept_ = 0;
  std::size_t not_built_ = 0;
  std::size_t without_tests_ = 0;
  std::string longest_;
  double longest_s_ = 0;
};

}  // namespace sluice::runner
