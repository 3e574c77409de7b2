// Processes that were started below this one and outlive those that started them: who is left when
// a job is over, what they listen on, and their end.
//
// From /proc, at one moment: a process that starts or ends meanwhile may be missed. Only what this
// process inherits is ended, never by name. Any thread, but adopt_orphans is for the process.
#pragma once

#include "base/deadline.hpp"
#include "sys/file.hpp"

#include <sys/types.h>

#include <string>
#include <vector>

namespace sluice::sys {

// From now on processes below this one whose parent ends become its children (a "subreaper").
void adopt_orphans();

struct Descendant {
  pid_t pid = 0;
  Path program;                        // empty where it may not be read
  std::string command;                 // its words, with blanks between; its name where it has none
  std::vector<std::string> listening;  // "127.0.0.1:8080", "[::]:443": TCP ports it waits on
};

// All living ones below this process, without what `but` is and what is below that.
std::vector<Descendant> living_descendants(pid_t but = 0);
// Lets go of adopted processes that have ended; `but` is waited for by somebody else.
void reap_orphans(pid_t but);
// SIGTERM to each, and to who is still there at the deadline SIGKILL.
void end_processes(const std::vector<Descendant>& processes, Deadline deadline);

}  // namespace sluice::sys
