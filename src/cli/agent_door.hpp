// The job's agent from a command's side: started, held while the command runs, asked, and absent
// from the first trouble on.
//
// Owns one connection; an agent without any ends after a while and takes what it counted with it.
// One thread. Every question is bounded in time, and trouble is said once; nothing here fails a
// command. Borrows the configuration and the environment, which outlive it.
#pragma once

#include "agent/client.hpp"
#include "agent/config.hpp"
#include "agent/counters.hpp"
#include "base/deadline.hpp"
#include "base/result.hpp"
#include "cli/summary.hpp"
#include "codec/json.hpp"
#include "sys/environment.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::cli {

inline constexpr auto k_agent_start_max = std::chrono::milliseconds(3000);

class AgentDoor {
 public:
  using Question = std::function<Result<codec::Json>(agent::Client&)>;
  enum class IfGone { give_up, start_another };

  // Starts the agent, unless there is one.
  AgentDoor(const agent::AgentConfig& config, const sys::Environment& env);

  // Connects, once the command runs. An agent that is not there may still come; one that is there
  // and does not answer is not waited for again.
  void hold();
  // The answer; nothing when there is none, which has been said then.
  std::optional<codec::Json> ask(const Question& question, IfGone if_gone);
  // From now on the agent may find itself unused and publish.
  void close() { client_.reset(); }
  // Whether trouble was said.
  bool has_told() const { return absent_; }

 private:
  Result<codec::Json> try_once(const Question& question, IfGone if_gone);
  Result<void> connect(IfGone if_gone);
  void give_up(std::string_view reason);

  const agent::AgentConfig& config_;
  const sys::Environment& env_;
  std::optional<agent::Client> client_;  // closed on exec, so that the command does not inherit it
  Deadline starting_ = Deadline::after(k_agent_start_max);
  std::string trouble_;
  bool absent_ = false;
};

// One command of this user at one time on this machine.
std::string new_command_id();

// A number of an answer; 0 where there is none.
std::uint64_t count_of(const codec::Json& reply, std::string_view name);

// The counters of an answer.
agent::Counters counters_of(const codec::Json& reply);

// Ends a command: what its sessions and the agent counted, after waiting for uploads. Closes the
// door.
Summary finish_command(AgentDoor& door, const agent::AgentConfig& config,
                       std::chrono::milliseconds wait);

}  // namespace sluice::cli
