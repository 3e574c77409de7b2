// For tests of the runner.
#pragma once

#include "runner/load.hpp"
#include "runner/test_records.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sluice::runner::testing {

inline Capacity of_cores(double cores, std::uint64_t memory = 0) {
  Capacity capacity;
  capacity.cores = cores;
  capacity.memory = memory;
  return capacity;
}

// Of tests that began and ended in this order, in a process that came to its own end.
inline TestRecords records_of(const std::vector<std::pair<std::string, bool>>& tests) {
  TestRecords records;
  for (const auto& [name, has_passed] : tests) {
    gotool::TestEvent event;
    event.test = name;
    event.action = "run";
    records.add(event);
    event.action = has_passed ? "pass" : "fail";
    records.add(event);
  }
  gotool::TestEvent last;
  last.action = "output";
  last.output = "FAIL\n";
  records.add(last);
  return records;
}

}  // namespace sluice::runner::testing
