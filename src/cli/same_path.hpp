// Shows a go command its checkout and its module cache at constant paths, where that is right.
//
// choose_place decides for one command, tries whether this system can do it, and says what has to
// be said; nothing that goes wrong changes what the command does. at_place turns the command into
// one that starts sluice itself, which moves into a mount namespace and becomes the command there
// (run_at_same_path): the same process, so that signals, terminal and exit status are as ever.
// Called from the main thread. Decision: docs/decisions/same-path.md.
#pragma once

#include "base/digest.hpp"
#include "cli/launch.hpp"
#include "cli/setup.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

inline constexpr std::string_view k_at_same_path_word = "at-same-path";

struct Place {
  sys::Path root;      // /srv/sluice
  sys::Path checkout;  // what is shown there
  sys::Path module_cache;
  sys::Path directory;  // where go is started, as it is called there
};

struct PlaceChoice {
  std::optional<Place> place;  // nothing: where it is
  std::string records;         // AgentConfig::place_records
  std::string note;            // what has to be said; empty: nothing
};

// Whether the job's scopes have this record.
using KnowsRecord = std::function<bool(const ActionId&)>;

// In restore mode nothing is shown: only a session tells what another checkout may have made.
PlaceChoice choose_place(const Setup& setup, const Command& command, const sys::Environment& env,
                         bool restore, const KnowsRecord& knows);

// The command and its environment, shown there.
Command at_place(const Setup& setup, const Place& place, const Command& command,
                 sys::Environment& job);

// `sluice at-same-path ROOT CHECKOUT MODULES [DIRECTORY PROGRAM ARGUMENTS...]`: for sluice itself.
// Without a program it only tries, and says why it cannot on standard output.
int run_at_same_path(const std::vector<std::string>& words, const sys::Environment& env);

}  // namespace sluice::cli
