#include "cli/agent_door.hpp"

#include "cli/output.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <thread>
#include <utility>

namespace sluice::cli {

namespace {

constexpr auto k_agent_poll = std::chrono::milliseconds(5);
constexpr auto k_agent_restart_every = std::chrono::milliseconds(250);

using agent::Client;
using codec::Json;

std::vector<std::string> texts_of(const Json* list) {
  std::vector<std::string> texts;
  if (list == nullptr || list->as_array() == nullptr) return texts;
  for (const Json& item : *list->as_array()) {
    if (item.as_string() != nullptr) texts.push_back(*item.as_string());
  }
  return texts;
}

}  // namespace

AgentDoor::AgentDoor(const agent::AgentConfig& config, const sys::Environment& env)
    : config_(config), env_(env) {
  const auto started = agent::ensure_agent(config, env);
  if (!started) give_up(started.error().message);
}

void AgentDoor::hold() {
  if (absent_) return;
  const auto held = connect(IfGone::give_up);
  if (!held && held.error().code != Code::unavailable) trouble_ = held.error().message;
}

std::optional<Json> AgentDoor::ask(const Question& question, IfGone if_gone) {
  if (!absent_ && !trouble_.empty()) give_up(trouble_);
  if (absent_) return std::nullopt;
  auto reply = try_once(question, IfGone::give_up);
  if (!reply && reply.error().code == Code::unavailable) {
    // It ended meanwhile, and a session may have started the next one.
    if (if_gone == IfGone::start_another) starting_ = Deadline::after(k_agent_start_max);
    reply = try_once(question, if_gone);
  }
  if (reply) return std::move(*reply);
  give_up(reply.error().message);
  return std::nullopt;
}

Result<Json> AgentDoor::try_once(const Question& question, IfGone if_gone) {
  TRY(connect(if_gone));
  auto reply = question(*client_);
  if (!reply) client_.reset();
  return reply;
}

// Waits for an agent that was only just started, not for one that is gone.
Result<void> AgentDoor::connect(IfGone if_gone) {
  Deadline next_start = Deadline::after(std::chrono::milliseconds(0));
  while (!client_) {
    // The old one may still hold its lock, which ends the new one: so more than once.
    if (if_gone == IfGone::start_another && next_start.passed()) {
      TRY(agent::ensure_agent(config_, env_));
      next_start = Deadline::after(k_agent_restart_every);
    }
    TRY_ASSIGN(auto found, Client::connect(config_, Deadline::after(k_agent_start_max)));
    if (found) {
      client_.emplace(std::move(*found));
    } else if (starting_.passed()) {
      return fail(Code::unavailable, "agent: it is not there");
    } else {
      // house: allow sleep (a socket that is not there yet; k_agent_start_max bounds it)
      std::this_thread::sleep_for(k_agent_poll);
    }
  }
  return {};
}

void AgentDoor::give_up(std::string_view reason) {
  if (absent_) return;
  absent_ = true;
  say(fmt::format("{}; going on with the local tier", reason));
}

std::string new_command_id() { return fmt::format("{:x}-{:x}", ::getpid(), unix_now_ns()); }

std::uint64_t count_of(const Json& reply, std::string_view name) {
  const std::int64_t value = reply.int_or(name, 0);
  return value > 0 ? static_cast<std::uint64_t>(value) : 0;
}

agent::Counters counters_of(const Json& reply) {
  const Json* counters = reply.find("counters");
  return counters == nullptr ? agent::Counters{} : agent::Counters::from_json(*counters);
}

Summary finish_command(AgentDoor& door, const agent::AgentConfig& config,
                       std::chrono::milliseconds wait) {
  Summary summary;
  agent::wait_for_sessions(config);
  const auto reply =
      door.ask([&](Client& client) { return client.finish(config.command_id, wait); },
               AgentDoor::IfGone::give_up);
  door.close();
  if (reply) {
    summary.agent_answered = true;
    summary.counters = counters_of(*reply);
    summary.untold_faults = texts_of(reply->find("untold_faults"));
    summary.drained = reply->bool_or("drained", true);
    summary.pending_bytes = count_of(*reply, "pending_bytes");
  }
  // Sessions whose agent was gone left their counters, and nobody has told of their faults.
  const agent::Counters orphaned = agent::take_report(config);
  agent::Faults untold = orphaned.faults;
  if (door.has_told()) untold.erase("agent");  // the same trouble from another side
  for (auto& line : agent::describe_faults(untold)) {
    summary.untold_faults.push_back(std::move(line));
  }
  summary.counters.add(orphaned);
  return summary;
}

}  // namespace sluice::cli
