// What one command cost and saved: the line after it, and the same as JSON for SLUICE_SUMMARY.
//
// Every number comes from the counters of sessions and agent. Values: any thread. Bytes,
// microseconds.
#pragma once

#include "agent/counters.hpp"

#include <string>
#include <vector>

namespace sluice::cli {

struct Summary {
  agent::Counters counters;
  bool restore_mode = false;
  std::uint64_t restored = 0;         // restore mode: results brought in before the command
  std::uint64_t saved = 0;            // and new ones after it
  std::uint64_t modules_brought = 0;  // into the module cache, before the command
  bool agent_answered = false;
  bool drained = true;                     // everything made is uploaded
  std::uint64_t pending_bytes = 0;         // still to upload, in the background
  std::vector<std::string> untold_faults;  // that the user has not been told of
};

// "567 lookups: 540 local, 20 remote, 7 missed; 35.2 MiB down, 0 B up; waited 0.21 s", and where
// there were links "; 1 link: 1 local, 0 remote, 0 made", with modules "; 340 modules brought".
std::string summary_line(const Summary& summary);
std::string summary_json(const Summary& summary);
// False when nothing happened that a line could be about.
bool is_worth_a_line(const Summary& summary);

}  // namespace sluice::cli
