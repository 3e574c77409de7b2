// How far a test run is, as one line. Pure functions: any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace sluice::runner {

// A package that is not over, as far as it is known from runs before.
struct Remaining {
  double duration_s = 0;  // what is left of it
  double cores = 1;
};

// By what is left of each and by what the cores can do: the least that it takes.
double time_left_s(const std::vector<Remaining>& remaining, double cores);

struct Progress {
  struct Running {
    std::string package;
    double age_s = 0;
  };
  std::size_t done = 0;  // packages with tests
  std::size_t all = 0;   // 0: not known yet
  std::vector<Running> running;
  std::size_t waiting = 0;       // linked, and not started
  bool is_building = false;      // go is at work
  std::optional<double> left_s;  // nothing: some never ran here
  double cores_used = 0;         // by the tests
  double cores = 0;
};

// "12 of 36 packages; run: shop/checkout 8.2 s, a 0.4 s; 5 wait; about 12 s left; 1.9 of 2 cores".
std::string words_of(Progress progress);

}  // namespace sluice::runner
