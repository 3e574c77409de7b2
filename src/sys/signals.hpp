// What the process does with signals, shared by the units of this room that start and await
// children.
//
// Dispositions belong to the whole process: the main thread sets them, any thread may ask. No
// errors.
#pragma once

#include <sys/types.h>

#include <csignal>

namespace sluice::sys {

// Signals that this program ignores but was not started ignoring: children get the default back.
sigset_t signals_to_reset();
// The child was or is about to be reaped: a SignalForwarder must not use its id any longer.
void stop_forwarding_to(pid_t child);

}  // namespace sluice::sys
