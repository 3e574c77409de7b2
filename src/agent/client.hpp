// How a command reaches the job's agent: start it, ask it, wait for it, stop it.
//
// A Client owns one connection and belongs to one thread. Every call is bounded by a deadline and
// an agent that is gone is Code::unavailable, which no command treats as a reason to fail.
#pragma once

#include "agent/config.hpp"
#include "agent/counters.hpp"
#include "agent/messages.hpp"
#include "base/deadline.hpp"
#include "base/result.hpp"
#include "codec/json.hpp"
#include "sys/fd.hpp"
#include "sys/file.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace sluice::agent {

// Starts the agent of this configuration unless one listens already, and returns without waiting
// for it: sessions find it, or wait for it, by themselves. Its secrets reach it as its standard
// input (take_secrets), and not in its environment.
Result<void> ensure_agent(const AgentConfig& config, const sys::Environment& env);

// In the agent: the environment with what whoever started it has given on standard input, where
// that is a file. From then on nobody else of this user can read this process's memory.
sys::Environment take_secrets(sys::Environment env, int input);

class Client {
 public:
  // Nothing when no agent of this configuration listens before the deadline.
  static Result<std::optional<Client>> connect(const AgentConfig& config, Deadline deadline);
  // The same for a socket found in the runtime directory.
  static Result<std::optional<Client>> connect_socket(const sys::Path& socket, Deadline deadline);

  Result<codec::Json> status(Deadline deadline);
  // Returns when everything made so far is uploaded, or after `wait`: field "drained" says which.
  Result<codec::Json> wait(std::chrono::milliseconds wait);
  // Ends one command: its counters and the faults nobody has been told of; waits for uploads first
  // when `wait` is not zero. Fields: "counters", "untold_faults", "drained", "pending_bytes".
  Result<codec::Json> finish(std::string_view command_id, std::chrono::milliseconds wait);
  Result<codec::Json> stop(std::chrono::milliseconds wait);
  // Restore mode: fills the local tier with every record of the index.
  Result<codec::Json> restore(std::chrono::milliseconds wait);
  // Whether the index has a record of this action; what it names is in the local tier then.
  Result<bool> knows(const ActionId& action);
  // Whether the program of this link is in the link directory now; it is fetched where that pays.
  Result<bool> link(const ActionId& key);
  // Tells of a link that was made, or taken from the cache.
  Result<void> note(const LinkNote& note);
  // Brings the modules of a build list that the module cache lacks: fields as ModuleKeeper::bring.
  Result<codec::Json> bring_modules(const ModulesAsked& asked, std::chrono::milliseconds wait);
  // Where go reaches the agent's module proxy, which knows the sums of that list.
  Result<std::string> module_proxy(const ModulesAsked& asked);
  // The same, and nobody waits: this client is of no more use then.
  Result<void> start_bringing_modules(const ModulesAsked& asked);
  // Keeps an agent that is not used for so long; waits for what the store says. Fields "is_known":
  // it has said what it has, "faults": nobody has been told of these yet.
  Result<codec::Json> hold(std::chrono::milliseconds unused_max, std::chrono::milliseconds wait);
  // Those that are in the module cache become the job's; does not wait for it.
  Result<void> keep_modules(const ModulesAsked& asked);
  // Asks it to start the agent of another configuration (another_agent.hpp).
  Result<codec::Json> start_another(const AgentConfig& config);
  // What commands and other machines have told is in the journal's database afterwards.
  Result<codec::Json> read_journal(Deadline deadline);
  // Restore mode: what is new in the local tier since then counts as made by this job.
  Result<codec::Json> save(UnixNanos since_ns);

 private:
  explicit Client(sys::Fd socket) : socket_(std::move(socket)), reader_(k_reply_bytes_max) {}
  Result<Frame> exchange(const Bytes& frame, Deadline deadline);
  Result<codec::Json> ask(const Bytes& frame, Deadline deadline);

  sys::Fd socket_;
  FrameReader reader_;
};

// Sockets of this user's agents in the runtime directory; agents that died are skipped by
// connecting.
std::vector<sys::Path> agent_sockets(const sys::Path& runtime_directory);

// Where sessions without an agent leave their counters for the command that started them.
sys::Path report_path(const AgentConfig& config);
// go list and others end without a word to their session, which may still be speaking with the
// agent, or writing its report, when the command has ended. So each holds this while it lives;
// nothing where the directory cannot be written.
std::optional<sys::FileLock> be_present(const AgentConfig& config);
// Until none does, for k_sessions_gone_wait at most: before the agent and the report are asked.
inline constexpr std::chrono::milliseconds k_sessions_gone_wait{2'000};
void wait_for_sessions(const AgentConfig& config);
// Reads and removes that file; what is not there counts as nothing.
Counters take_report(const AgentConfig& config);

}  // namespace sluice::agent
