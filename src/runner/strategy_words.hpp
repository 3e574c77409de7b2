// What `--parallel` says: which strategy decides how many tests run at once.
//
// Pure functions: any thread.
#pragma once

#include "base/result.hpp"
#include "runner/strategy.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace sluice::runner {

// auto, fixed=N, go or threshold[=cpu:85%,memory:2GiB,slots:8,every:30s]. `at_once` is what go test
// would run at once (-p), and where the classic rule begins. Code::invalid says what may be said.
Result<std::unique_ptr<Strategy>> strategy_of(std::string_view words, std::size_t at_once);

}  // namespace sluice::runner
