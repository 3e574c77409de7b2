// go's -toolexec: answers a link from the link cache and -V=full from a memo, starts everything
// else.
//
// Runs once in a process of its own, from the main thread, and mostly replaces that process by the
// tool. Whatever fails on the way to an answer ends in starting the tool: go sees what it would see
// without sluice. What was counted goes to the command's report (client.hpp). Rules and formats:
// docs/formats/link-cache.md.
#pragma once

#include "sys/environment.hpp"

#include <string>
#include <vector>

namespace sluice::agent {

// The name by which go starts it: one word in GOFLAGS.
inline constexpr std::string_view k_toolexec_name = "sluice-toolexec";

// `words`: the tool and its arguments. The exit status; 127 and 126 as a shell's where the tool
// cannot be started.
int run_toolexec(const std::vector<std::string>& words, const sys::Environment& env);

}  // namespace sluice::agent
