// `sluice test ARGS...`: go test, with its tests run by sluice as soon as each can be run.
//
// run_test() launches the command as any go command of a job: the agent beside it, what go sees
// around it. The command is sluice itself by another name, which runs the tests (run_tests_inside).
// What only go can do, go does. From the main thread.
#pragma once

#include "cli/parse.hpp"
#include "sys/environment.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

inline constexpr std::string_view k_test_run_name = "sluice-test-run";

int run_test(const Invocation& invocation, const sys::Environment& env);
// `words` begin with "test".
int run_tests_inside(const std::vector<std::string>& words, const sys::Environment& env);

}  // namespace sluice::cli
