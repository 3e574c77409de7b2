#include "cli/agent.hpp"

#include "agent/agent.hpp"
#include "agent/client.hpp"
#include "base/deadline.hpp"
#include "base/units.hpp"
#include "cli/output.hpp"
#include "cli/summary.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace sluice::cli {

namespace {

constexpr auto k_connect_max = std::chrono::milliseconds(500);
constexpr auto k_status_max = std::chrono::milliseconds(2000);

// What agent::AgentConfig::key is made of, as far as a setting decides it.
constexpr std::array k_choosing_settings = {
    SettingId::store,         SettingId::no_remote,    SettingId::read_only,
    SettingId::publish_local, SettingId::trust_domain,
};

using agent::Client;
using codec::Json;

Result<std::vector<Client>> chosen_agents(const Invocation& invocation, const Setup& setup) {
  if (!mean_one_agent(invocation.flags)) return agents_of(setup);
  std::vector<Client> clients;
  TRY_ASSIGN(auto client, Client::connect(setup.config, Deadline::after(k_connect_max)));
  if (client) clients.push_back(std::move(*client));
  return clients;
}

// The agent's status, after the waiting that the action asks for.
Result<Json> ask(Client& client, std::string_view action, Deadline deadline) {
  const std::chrono::milliseconds left(deadline.left_ms());
  if (action != "status") TRY(client.wait(left));
  TRY_ASSIGN(Json status, client.status(Deadline::after(k_status_max)));
  if (action == "stop") TRY(client.stop(std::chrono::milliseconds(0)));
  return status;
}

bool all_drained(const std::vector<Json>& replies) {
  return std::all_of(replies.begin(), replies.end(),
                     [](const Json& reply) { return reply.bool_or("drained", true); });
}

std::uint64_t positive(std::int64_t value) {
  return value > 0 ? static_cast<std::uint64_t>(value) : 0;
}

std::uint64_t pending_bytes_of(const std::vector<Json>& replies) {
  std::uint64_t sum = 0;
  for (const Json& reply : replies) sum += positive(reply.int_or("pending_bytes", 0));
  return sum;
}

int tell(const Invocation& invocation, const std::vector<Json>& replies) {
  const Json merged = merged_status(replies);
  if (invocation.has("json")) {
    print(merged.dump() + "\n");
  } else if (replies.empty()) {
    print("no agent of this job is running\n");
  } else if (invocation.operand == "status") {
    print(status_text(merged));
  }
  if (invocation.operand == "status" || all_drained(replies)) return 0;
  const std::uint64_t pending = pending_bytes_of(replies);
  say(pending == 0 ? fmt::format("agent {}: something could not be uploaded; `sluice agent status` "
                                 "says what",
                                 invocation.operand)
                   : fmt::format("agent {}: {} were not uploaded within the drain timeout",
                                 invocation.operand, format_size(pending)));
  return k_exit_failure;
}

}  // namespace

std::vector<Client> agents_of(const Setup& setup) {
  std::vector<Client> clients;
  for (const auto& socket : agent::agent_sockets(setup.config.runtime_directory)) {
    auto client = Client::connect_socket(socket, Deadline::after(k_connect_max));
    if (!client || !*client) continue;
    const auto status = (*client)->status(Deadline::after(k_status_max));
    if (!status) continue;
    if (status->text_or("job_id", setup.job.id) != setup.job.id) continue;
    clients.push_back(std::move(**client));
  }
  return clients;
}

bool mean_one_agent(const Flags& flags) {
  return std::ranges::any_of(k_choosing_settings,
                             [&flags](SettingId id) { return flags.get(id).has_value(); });
}

Json merged_status(const std::vector<Json>& replies) {
  agent::Counters sum;
  codec::JsonArray agents;
  for (const Json& reply : replies) {
    const Json* counters = reply.find("counters");
    sum.add(agent::Counters::from_json(counters != nullptr ? *counters : reply));
    agents.push_back(reply);
  }
  codec::JsonObject object;
  object.emplace_back("agent", replies.empty() ? "absent" : "ok");
  for (auto& field : sum.to_json()) object.push_back(std::move(field));
  object.emplace_back("wait_ms", sum.wait_us / 1000);
  object.emplace_back("drained", all_drained(replies));
  object.emplace_back("pending_bytes", pending_bytes_of(replies));
  object.emplace_back("agents", std::move(agents));
  return Json(std::move(object));
}

std::string status_text(const Json& merged) {
  Summary summary;
  summary.counters = agent::Counters::from_json(merged);
  summary.pending_bytes = positive(merged.int_or("pending_bytes", 0));
  std::string text = summary_line(summary) + "\n";
  if (const Json* agents = merged.find("agents");
      agents != nullptr && agents->as_array() != nullptr) {
    for (const Json& one : *agents->as_array()) {
      const std::string store = one.text_or("store", "");
      text += fmt::format("agent {}: {}, {}{}\n", one.int_or("pid", 0),
                          store.empty() ? "no store" : store, one.text_or("domain", ""),
                          one.bool_or("read_only", false) ? ", read-only" : "");
      const Json* counters = one.find("counters");
      if (counters == nullptr) continue;
      for (const auto& line :
           agent::describe_faults(agent::Counters::from_json(*counters).faults)) {
        text += fmt::format("  fault: {}\n", line);
      }
    }
  }
  return text;
}

int run_agent_command(const Invocation& invocation, const sys::Environment& env) {
  sys::ignore_write_signals();
  const auto setup = set_up(invocation.flags, env, current_directory(), OffSwitch::passed_over);
  if (!setup) return report(setup.error());
  auto clients = chosen_agents(invocation, *setup);
  if (!clients) return report(clients.error());
  const Deadline deadline = Deadline::after(setup->settings.drain_timeout);
  std::vector<Json> replies;
  int code = 0;
  for (Client& client : *clients) {
    auto reply = ask(client, invocation.operand, deadline);
    if (reply) {
      replies.push_back(std::move(*reply));
    } else {
      code = report(reply.error());
    }
  }
  return std::max(code, tell(invocation, replies));
}

int run_agent(const sys::Environment& env) {
  const auto config = agent::AgentConfig::decode(env.get_or(agent::k_session_variable, ""));
  if (!config) return report(Error(config.error()).in("agent run"));
  // Also where the secrets come from files of the user.
  if (!config->credentials.empty() || !config->signer.empty()) sys::hide_memory();
  return agent::run_agent(*config, agent::take_secrets(env, STDIN_FILENO), true);
}

}  // namespace sluice::cli
