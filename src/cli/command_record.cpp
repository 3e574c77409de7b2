#include "cli/command_record.hpp"

#include "agent/recorder.hpp"
#include "gotool/go_flags.hpp"
#include "gotool/toolchain.hpp"
#include "journal/database.hpp"
#include "journal/spool.hpp"
#include "sys/process_identity.hpp"

#include <vector>

namespace sluice::cli {
namespace {

// Somebody who is writing does this anyway.
constexpr auto k_lock_wait = std::chrono::milliseconds(0);

void read_what_lies_about(const sys::Path& journal) {
  if (journal::spools(journal).size() < journal::k_spools_unread_max) return;
  auto database = journal::Database::open_to_write(journal, Deadline::after(k_lock_wait));
  if (!database) return;
  if (database->read_spools()) (void)database->trim(journal::now_us());  // else the next one does
}

}  // namespace

void record_beginning(const Setup& setup, const Command& command, const sys::Environment& env) {
  const agent::AgentConfig& config = setup.config;
  if (config.journal_directory.empty()) return;
  journal::CommandBegan began = agent::facts_of_job(config);
  began.id = config.command_id;
  began.directory = setup.working_directory.native();
  began.words = command.arguments;
  const std::string goflags = gotool::go_env_value(env, "GOFLAGS", setup.go).value_or("");
  began.goflags = gotool::goflags_without_toolexec(goflags).value_or("");
  began.process = sys::process_identity();
  const std::vector<journal::Event> events = {{journal::now_us(), std::move(began)}};
  // Where it cannot be written, the journal does not know.
  (void)journal::append(config.journal_directory, config.command_id, events);
}

void record_end(const Setup& setup, const Summary& summary, const sys::ExitStatus& status,
                std::chrono::microseconds took) {
  const agent::AgentConfig& config = setup.config;
  if (config.journal_directory.empty()) return;
  const agent::Counters& counters = summary.counters;
  const journal::Micros now_us = journal::now_us();
  std::vector<journal::Event> events;
  const auto moved = [&](journal::Direction direction, std::uint64_t blobs, std::uint64_t bytes,
                         std::uint64_t requests) {
    if (bytes + requests == 0) return;
    events.push_back({now_us, journal::Transferred{direction, blobs, bytes, requests}});
  };
  moved(journal::Direction::down, counters.prefetched, counters.bytes_down, counters.requests_read);
  moved(journal::Direction::up, counters.blobs_up, counters.bytes_up, counters.requests_write);
  for (const auto& [reason, fault] : counters.faults) {
    events.push_back({now_us, journal::Fault{reason, fault.first, fault.count}});
  }
  journal::CommandEnded ended;
  ended.duration_us = static_cast<std::uint64_t>(took.count());
  ended.exit_status = status.code;
  ended.signal = static_cast<std::uint64_t>(status.signal);
  ended.counters = summary_json(summary);
  events.push_back({now_us, std::move(ended)});
  (void)journal::append(config.journal_directory, config.command_id, events);  // as above
  if (!summary.agent_answered) read_what_lies_about(config.journal_directory);
}

}  // namespace sluice::cli
