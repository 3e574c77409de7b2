// What a session or a tool has to say to the journal, collected and appended in pieces.
//
// Any thread. Nothing here waits for more than one write, and what cannot be written is lost: the
// journal is never in the way of a build. With no journal in the configuration it does nothing.
// Format: docs/formats/journal.md.
#pragma once

#include "agent/config.hpp"
#include "agent/counters.hpp"
#include "journal/event.hpp"
#include "store/record.hpp"

#include <mutex>
#include <string>
#include <vector>

namespace sluice::agent {

inline constexpr std::size_t k_recorded_max = 2000;  // lookups and results that wait for a write

class Recorder {
 public:
  explicit Recorder(const AgentConfig& config);

  // A session that no command of sluice has started is a command of its own, in CI one of its job.
  // `goflags` without what sluice adds.
  void begin_bare(std::vector<std::string> go_words, const sys::Path& directory,
                  std::string goflags);
  void end_bare(const Counters& counters);

  void lookup(const ActionId& action, journal::Answer answer, std::uint64_t size = 0,
              std::uint64_t wait_us = 0);
  void stored(const ActionId& action, store::Kind kind, std::uint64_t size);
  void add(journal::Body body);
  // Writes what waits.
  void flush();

 private:
  void flush_locked();

  const sys::Path journal_;
  const journal::CommandBegan of_job_;  // what all commands of it have
  std::string id_;                      // of the spool; empty: nothing is recorded

  std::mutex mutex_;
  journal::Lookups lookups_;
  journal::Results results_;
  std::vector<journal::Event> events_;
  journal::Micros began_us_ = 0;
};

// What every command of the job has.
journal::CommandBegan facts_of_job(const AgentConfig& config);

// The name of this machine.
std::string host_name();

}  // namespace sluice::agent
