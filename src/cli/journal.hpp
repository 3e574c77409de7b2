// `sluice journal`: other machines' journals become part of this one, and where it lies.
//
// Called once, from the main thread. Exit 2 for files that are no journals, before anything is
// changed; 1 where the journal of this machine cannot be written or there is none.
#pragma once

#include "cli/parse.hpp"
#include "codec/json.hpp"
#include "sys/environment.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::cli {

struct MergedJournal {
  std::string file;
  std::int64_t commands = 0;        // in it
  std::int64_t commands_added = 0;  // of them: those that were not here
  std::int64_t jobs_added = 0;
  std::vector<std::int64_t> jobs;  // their numbers here, ascending, of those that were kept
};

std::string merged_text(const std::vector<MergedJournal>& merged);  // a line each
codec::Json merged_json(const std::vector<MergedJournal>& merged);

int run_journal(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
