// `sluice advise parallelism`: how many tasks should run at once, for other schedulers.
//
// Called once, from the main thread. What is not said is measured here, over a second. Exit 2 for
// words that are wrong.
#pragma once

#include "cli/parse.hpp"
#include "runner/advice.hpp"

#include <string>
#include <string_view>

namespace sluice::cli {

std::string advice_text(const runner::Advice& advice, const runner::Situation& situation,
                        std::string_view how);
std::string advice_json(const runner::Advice& advice, const runner::Situation& situation,
                        std::string_view how);

int run_advise(const Invocation& invocation);

}  // namespace sluice::cli
