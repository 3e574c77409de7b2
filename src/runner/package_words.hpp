// What the tests of one package are told. A value.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace sluice::runner {

struct PackageWords {
  std::vector<std::string> arguments;                    // as go hands them on
  std::vector<std::pair<std::string, std::string>> env;  // beside that of the run
  std::chrono::nanoseconds timeout{0};                   // that they have; 0: none
  bool keeps_results = true;
};

}  // namespace sluice::runner
