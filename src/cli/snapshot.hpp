// `sluice save` and `sluice restore`: directories in the store, by name and key.
//
// Each is called once, from the main thread. Names, keys and paths that are wrong are exit 2, with
// nothing changed; a directory that cannot be read or written is exit 1. What the store has not, or
// a store that is down, is said, and exit 0.
#pragma once

#include "agent/snapshot_restore.hpp"
#include "agent/snapshot_save.hpp"
#include "cli/parse.hpp"
#include "sys/environment.hpp"

#include <chrono>
#include <string>

namespace sluice::cli {

// What came of it, for people and for programs.
struct Saved {
  std::string name;
  std::string key;
  std::size_t files = 0;
  std::uint64_t bytes = 0;
  std::size_t specials = 0;
  agent::SaveReport report;
  std::chrono::milliseconds took{0};
  std::string trouble;  // of the store: nothing was kept
};
std::string saved_text(const Saved& saved);
std::string saved_json(const Saved& saved);

struct Restored {
  std::string name;
  std::string key;       // asked for
  std::string from_key;  // found; empty: there is none
  std::string scope;     // that had it
  bool is_exact = false;
  agent::RestoreReport report;
  std::chrono::milliseconds took{0};
  std::string trouble;  // of the store: nothing was brought
};
std::string restored_text(const Restored& restored);
std::string restored_json(const Restored& restored);

int run_save(const Invocation& invocation, const sys::Environment& env);
int run_restore(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
