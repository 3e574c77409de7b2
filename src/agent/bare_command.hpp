// The id of a command that no `sluice go` or `sluice run` stands around: a go that somebody started
// with sluice in its environment.
//
// Its session and its tools find the same id, each by itself, from the go process that is the
// parent of all of them. Pure but for /proc; any thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace sluice::agent {

inline constexpr std::string_view k_bare_command = "go-";

// "go-" and 16 hex digits, the same for one process only; empty where /proc does not say.
std::string bare_command_id(pid_t go);

// True for such an id, and for none at all: nobody but the session speaks for that command.
bool is_bare_command(std::string_view command_id);

}  // namespace sluice::agent
