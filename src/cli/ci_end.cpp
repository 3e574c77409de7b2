#include "cli/ci_end.hpp"

#include "cli/agent.hpp"
#include "cli/agent_door.hpp"
#include "cli/begun_job.hpp"
#include "cli/command_record.hpp"
#include "cli/journal_view.hpp"
#include "cli/launch.hpp"
#include "cli/modules.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/summary.hpp"
#include "codec/json.hpp"
#include "journal/job_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluice::cli {

namespace {

constexpr auto k_status_max = std::chrono::milliseconds(2000);

using agent::Client;
using codec::Json;

struct Ended {
  Summary summary;  // of the whole job, as far as its agents know
  std::vector<Json> statuses;
  bool was_begun = false;
  std::string report_file;  // where the report was written; empty: nowhere
};

// What stands only in the local tier and the module cache becomes the job's.
void tell_agents(const std::vector<BegunJob>& begun, const sys::Environment& env, Ended& ended) {
  for (const BegunJob& job : begun) {
    if (!job.restore && !job.modules) continue;
    AgentDoor door(job.config, env);
    if (job.restore) {
      const auto saved = door.ask([&job](Client& client) { return client.save(job.began_ns); },
                                  AgentDoor::IfGone::start_another);
      if (saved) ended.summary.saved += count_of(*saved, "made");
      ended.summary.restored += job.restored;
      ended.summary.restore_mode = true;
    }
    if (job.modules) keep_modules(door, *job.modules);
  }
}

// Waits for the uploads of each agent, and takes what it has to say.
void drain(std::vector<Client>& agents, const Setup& setup, Ended& ended) {
  const Deadline deadline = Deadline::after(setup.settings.drain_timeout);
  for (Client& client : agents) {
    const auto reply =
        client.finish(setup.config.command_id, std::chrono::milliseconds(deadline.left_ms()));
    if (!reply) {
      ended.summary.untold_faults.push_back(reply.error().message);
      continue;
    }
    ended.summary.drained = ended.summary.drained && reply->bool_or("drained", true);
    ended.summary.pending_bytes += count_of(*reply, "pending_bytes");
    if (const Json* faults = reply->find("untold_faults");
        faults != nullptr && faults->as_array() != nullptr) {
      for (const Json& fault : *faults->as_array()) {
        if (fault.as_string() != nullptr) ended.summary.untold_faults.push_back(*fault.as_string());
      }
    }
    if (auto status = client.status(Deadline::after(k_status_max))) {
      ended.statuses.push_back(std::move(*status));
    }
  }
  ended.summary.agent_answered = !ended.statuses.empty();
  ended.summary.counters = agent::Counters::from_json(merged_status(ended.statuses));
}

// What the agents transferred and no command of the job has written down: that of plain go.
Summary not_recorded(const Summary& all, journal::Database& database, std::int64_t job) {
  Summary rest;
  rest.agent_answered = true;
  rest.restore_mode = all.restore_mode;
  rest.restored = all.restored;
  rest.saved = all.saved;
  rest.drained = all.drained;
  rest.pending_bytes = all.pending_bytes;
  agent::Counters known;
  const auto rows = journal::transfers_in(database, job);
  if (!rows) return rest;
  for (const journal::TransferTotal& row : *rows) {
    const bool is_down = row.direction == journal::Direction::down;
    (is_down ? known.prefetched : known.blobs_up) += row.blobs;
    (is_down ? known.bytes_down : known.bytes_up) += row.bytes;
    (is_down ? known.requests_read : known.requests_write) += row.requests;
  }
  const auto more = [](std::uint64_t now, std::uint64_t before) {
    return now - std::min(now, before);
  };
  const agent::Counters& counters = all.counters;
  rest.counters.prefetched = more(counters.prefetched, known.prefetched);
  rest.counters.bytes_down = more(counters.bytes_down, known.bytes_down);
  rest.counters.requests_read = more(counters.requests_read, known.requests_read);
  rest.counters.blobs_up = more(counters.blobs_up, known.blobs_up);
  rest.counters.bytes_up = more(counters.bytes_up, known.bytes_up);
  rest.counters.requests_write = more(counters.requests_write, known.requests_write);
  return rest;
}

void record(const Setup& setup, const Ended& ended, const sys::Environment& env,
            std::chrono::microseconds took) {
  // At a desk every command is a job.
  if (setup.job.system == agent::CiSystem::none) return;
  auto database = open_journal(setup);
  if (!database) return;
  const auto job = chosen_job(*database, setup, "");
  if (!job && !ended.summary.restore_mode) return;  // nothing has run
  const Summary rest = not_recorded(ended.summary, *database, job ? job->id : 0);
  record_beginning(setup, Command{setup.executable, {"sluice", "ci", "end"}}, env);
  record_end(setup, rest, sys::ExitStatus{}, took);
}

void write_report(const Invocation& invocation, const Setup& setup, const sys::Environment& env,
                  Ended& ended) {
  const auto text = report_text(setup, "");
  if (!text) return say("ci end: no report: " + text.error().message);
  const std::string file = report_file(invocation, env);
  if (file.empty()) {
    if (!invocation.has("json")) print(*text);
    return;
  }
  const auto added = add_report(file, *text);
  if (!added) return say("ci end: " + added.error().message);
  ended.report_file = file;
}

void stop(std::vector<Client>& agents) {
  for (Client& client : agents) {
    // One that does not answer ends by itself.
    (void)client.stop(std::chrono::milliseconds(0));
  }
}

void tell(const Invocation& invocation, const Setup& setup, const Ended& ended,
          std::chrono::milliseconds took) {
  for (const std::string& fault : ended.summary.untold_faults) say(fault);
  const bool was_there = ended.was_begun || !ended.statuses.empty();
  if (!was_there) say("ci end: nothing was begun in this job, and no agent of it is running");
  if (!setup.settings.quiet && was_there) say(summary_line(ended.summary));
  if (!invocation.has("json")) return;
  Json merged = merged_status(ended.statuses);
  codec::JsonObject object = *merged.as_object();
  object.emplace_back("begun", ended.was_begun);
  if (ended.summary.restore_mode) {
    object.emplace_back("restored", ended.summary.restored);
    object.emplace_back("saved", ended.summary.saved);
  }
  object.emplace_back("report", ended.report_file);
  object.emplace_back("took_ms", static_cast<std::uint64_t>(took.count()));
  print(Json(std::move(object)).dump() + "\n");
}

void be_of(Setup& setup, const agent::AgentConfig& begun) {
  setup.job.id = begun.job_id;
  setup.config.job_id = begun.job_id;
  setup.config.job_run = begun.job_run;
}

}  // namespace

int end_job(const Invocation& invocation, const sys::Environment& env) {
  const auto started = std::chrono::steady_clock::now();
  const auto since = [started] { return std::chrono::steady_clock::now() - started; };
  if (invocation.has("file") && invocation.option_or("file", "").empty()) {
    return report(Error{Code::invalid, "ci end: --file: the name of a file is missing"});
  }
  auto setup = set_up(invocation.flags, env, current_directory(), OffSwitch::passed_over);
  if (!setup) return report(setup.error());
  // A job that only the day names is still the one that was begun.
  if (const auto session = agent::AgentConfig::of_environment(env)) be_of(*setup, *session);
  const auto begun = begun_jobs(setup->config.runtime_directory, setup->job);
  if (!begun.empty()) be_of(*setup, begun.back().config);
  setup->config.command_id = new_command_id();
  Ended ended;
  ended.was_begun = !begun.empty();
  tell_agents(begun, env, ended);
  std::vector<Client> agents = agents_of(*setup);
  drain(agents, *setup, ended);
  if (ended.was_begun || !agents.empty()) {
    record(*setup, ended, env, std::chrono::duration_cast<std::chrono::microseconds>(since()));
    write_report(invocation, *setup, env, ended);
  }
  stop(agents);
  for (const BegunJob& job : begun) forget_begun_job(job);
  tell(invocation, *setup, ended, std::chrono::duration_cast<std::chrono::milliseconds>(since()));
  return 0;
}

}  // namespace sluice::cli
