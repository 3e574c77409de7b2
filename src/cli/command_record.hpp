// What a command of the user says to the journal: that it began, and how it ended.
//
// Never fails and never waits for more than a write: the journal is no command's business. Called
// from the main thread. Where no agent reads what commands leave, every k_spools_unread_max-th
// command does.
#pragma once

#include "cli/launch.hpp"
#include "cli/setup.hpp"
#include "cli/summary.hpp"
#include "sys/process.hpp"

#include <chrono>

namespace sluice::cli {

// `env`: of the command, before anything is added for the cache.
void record_beginning(const Setup& setup, const Command& command, const sys::Environment& env);
void record_end(const Setup& setup, const Summary& summary, const sys::ExitStatus& status,
                std::chrono::microseconds took);

}  // namespace sluice::cli
