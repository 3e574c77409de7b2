// For tests of the runner.
#pragma once

#include "runner/load.hpp"

#include <cstdint>

namespace sluice::runner::testing {

inline Capacity of_cores(double cores, std::uint64_t memory = 0) {
  Capacity capacity;
  capacity.cores = cores;
  capacity.memory = memory;
  return capacity;
}

}  // namespace sluice::runner::testing
