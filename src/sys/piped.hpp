// A child process whose standard output is handed on as it comes and never held whole.
//
// run_piped() returns when the child has ended. It uses a SignalForwarder: from the main thread,
// one at a time; what asks this process to end is passed on to the child and told in the outcome. A
// grandchild that keeps the pipes open after the child does not keep the caller. Errors: those of
// spawn() and of the pipes, and that of a function given here, after which the child is told to end
// (SIGTERM, then SIGKILL after k_piped_end_max) and waited for.
#pragma once

#include "base/result.hpp"
#include "sys/process.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace sluice::sys {

inline constexpr std::size_t k_piped_errors_max = 64U << 10U;  // bytes kept of standard error
inline constexpr std::chrono::milliseconds k_piped_end_max{2'000};

struct Piped {
  ExitStatus status;
  std::string errors;     // the first k_piped_errors_max bytes of standard error
  int ending_signal = 0;  // that asked this process to end meanwhile, else 0
};

// Standard input is empty unless `options` give one; stdout_fd and stderr_fd are not looked at.
Result<Piped> run_piped(const SpawnOptions& options,
                        const std::function<Result<void>(std::string_view)>& on_output);
// The same with standard error handed on, too; `errors` stays empty. Both are called by one thread.
Result<Piped> run_piped(const SpawnOptions& options,
                        const std::function<Result<void>(std::string_view)>& on_output,
                        const std::function<Result<void>(std::string_view)>& on_error);

}  // namespace sluice::sys
