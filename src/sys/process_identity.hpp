// A name for a running process that no other process of any machine ever has, so that a file that
// it left can be told from one that it still writes.
//
// "<boot id>/<pid namespace>/<pid>/<start in clock ticks>", as /proc says it. Any thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace sluice::sys {

// Of this process, or of another one of this pid namespace. Empty where /proc does not say.
std::string process_identity();
std::string process_identity(pid_t process);

// Whether it has certainly ended: false for one of another boot or pid namespace, of which nothing
// can be known from here, and for what is no such name.
bool has_ended(std::string_view identity);

}  // namespace sluice::sys
