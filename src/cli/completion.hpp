// Completion scripts for bash, zsh and fish, made from the two tables. Pure: any thread.
#pragma once

#include "cli/parse.hpp"

#include <string>

namespace sluice::cli {

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

int run_completion(const Invocation& invocation);

}  // namespace sluice::cli
