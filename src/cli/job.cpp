#include "cli/job.hpp"

#include "agent/client.hpp"
#include "base/deadline.hpp"
#include "base/strings.hpp"
#include "base/units.hpp"
#include "cli/agent.hpp"
#include "cli/isolated_job.hpp"
#include "cli/launch.hpp"
#include "cli/output.hpp"
#include "cli/setup.hpp"
#include "gotool/same_path.hpp"
#include "gotool/tier_carrying.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace sluice::cli {
namespace {

constexpr auto k_connect_max = std::chrono::milliseconds(500);
constexpr auto k_leaked_end_max = std::chrono::seconds(2);  // after SIGTERM
constexpr auto k_agents_end_max = std::chrono::seconds(5);
constexpr auto k_reap_every = std::chrono::seconds(1);
constexpr auto k_look_again = std::chrono::milliseconds(20);
constexpr std::size_t k_names_max = 5;
constexpr std::size_t k_command_shown = 120;

// `sluice run` of the same words, which reports and counts as always.
sys::SpawnOptions inner_command(const Setup& setup, const Invocation& invocation,
                                const sys::Environment& env) {
  sys::SpawnOptions options;
  options.program = setup.executable;
  options.arguments = {"sluice", "run", "--"};
  options.arguments.insert(options.arguments.end(), invocation.tail.begin(), invocation.tail.end());
  options.environment = env;
  for (const auto& [name, value] : variables_of(invocation.flags)) {
    options.environment.set(name, value);
  }
  return options;
}

struct Ended {
  sys::ExitStatus status;
  bool was_interrupted = false;
};

Result<Ended> run_inner(const sys::SpawnOptions& options) {
  sys::SignalForwarder forwarder;
  TRY_ASSIGN(sys::Child child, sys::spawn(options));
  forwarder.set_child(child.pid());
  for (;;) {
    TRY_ASSIGN(const auto status, child.wait_until(Deadline::after(k_reap_every)));
    if (status) return Ended{*status, forwarder.was_told_to_end()};
    sys::reap_orphans(child.pid());
  }
}

// Uploads first, then the agents' end: they are this job's alone.
void end_agents(const sys::Path& runtime_directory, std::chrono::milliseconds wait) {
  const Deadline deadline = Deadline::after(wait);
  for (const sys::Path& socket : agent::agent_sockets(runtime_directory)) {
    auto client = agent::Client::connect_socket(socket, Deadline::after(k_connect_max));
    if (!client || !*client) continue;
    (void)(*client)->wait(std::chrono::milliseconds(deadline.left_ms()));
    (void)(*client)->stop(std::chrono::milliseconds(0));
  }
}

bool is_agent(const sys::Descendant& process, const sys::Path& executable) {
  return process.program == executable && process.command.ends_with("agent run");
}

struct Left {
  std::vector<sys::Descendant> leaked;
  std::vector<sys::Descendant> agents;  // the job's own, which should have ended: no leak of its
};

// What is still there when the job's own agents have had their time to end. Agents that it shares
// with other commands are not looked at.
Left processes_left(const sys::Path& executable, bool are_agents_ours) {
  const Deadline deadline = Deadline::after(k_agents_end_max);
  const auto agent = [&executable](const sys::Descendant& one) {
    return is_agent(one, executable);
  };
  for (;;) {
    sys::reap_orphans(0);
    Left left;
    for (sys::Descendant& one : sys::living_descendants()) {
      (agent(one) ? left.agents : left.leaked).push_back(std::move(one));
    }
    if (!are_agents_ours) left.agents.clear();
    if (deadline.passed() || left.agents.empty()) return left;
    // house: allow sleep (agents that have been told to end, bounded by the deadline)
    std::this_thread::sleep_for(k_look_again);
  }
}

void carry_back(const IsolatedJob& job) {
  const auto own = gotool::LocalTier::open(job.local_tier());
  const auto shared = gotool::LocalTier::open(job.shared_tier());
  if (!own || !shared) {
    const Error& error = own ? shared.error() : own.error();
    return say(fmt::format("job: what it made stays out of the local tier: {}", error.message));
  }
  const auto carried = gotool::carry_new(*own, *shared);
  if (!carried || carried->failed > 0 || carried->damaged > 0) {
    say(fmt::format(
        "job: not all that it made could be put into {}: {}", shared->directory().native(),
        carried ? fmt::format("{} entries refused, {} damaged", carried->failed, carried->damaged)
                : carried.error().message));
  }
}

}  // namespace

LeftFiles files_left_in(const sys::Path& directory) {
  LeftFiles left;
  std::error_code error;
  auto at = std::filesystem::recursive_directory_iterator(
      directory, std::filesystem::directory_options::skip_permission_denied, error);
  for (; !error && at != std::filesystem::recursive_directory_iterator(); at.increment(error)) {
    std::error_code ignored;
    if (at->is_directory(ignored) && !at->is_symlink(ignored)) continue;
    ++left.files;
    if (at->is_regular_file(ignored)) left.bytes += at->file_size(ignored);
    if (left.names.size() < k_names_max) {
      left.names.push_back(at->path().lexically_relative(directory).native());
    }
  }
  std::ranges::sort(left.names);
  return left;
}

SharedTemporary::SharedTemporary(std::vector<sys::Path> places)
    : places_(std::move(places)), before_(entries()) {}

std::vector<sys::Path> SharedTemporary::entries() const {
  std::vector<sys::Path> entries;
  for (const sys::Path& place : places_) {
    const auto listed = sys::list_directory(place, [&](std::string_view name) -> Result<void> {
      entries.push_back(place / name);
      return {};
    });
    (void)listed;  // there is none on this host
  }
  std::ranges::sort(entries);
  return entries;
}

std::vector<std::string> SharedTemporary::appeared(const std::vector<sys::Path>& own) const {
  std::vector<std::string> found;
  for (const sys::Path& entry : entries()) {
    if (std::ranges::binary_search(before_, entry)) continue;
    const auto leads_to = [&entry](const sys::Path& path) {
      return gotool::lies_within(path, entry);
    };
    if (std::ranges::any_of(own, leads_to)) continue;
    const auto info = sys::stat_file(entry, false);
    if (info && *info && (*info)->uid == ::getuid()) found.push_back(entry.native());
  }
  return found;
}

std::vector<std::string> leak_lines(const std::vector<sys::Descendant>& processes,
                                    const LeftFiles& files,
                                    const std::vector<std::string>& appeared) {
  std::vector<std::string> lines;
  for (const sys::Descendant& one : processes) {
    const std::string ports =
        one.listening.empty() ? "" : fmt::format(", listening on {}", join(one.listening, ", "));
    lines.push_back(fmt::format("job: left running, ended now: process {} ({}){}", one.pid,
                                printable(one.command, k_command_shown), ports));
  }
  if (files.files > 0) {
    std::vector<std::string> names;
    for (const std::string& name : files.names) names.push_back(printable(name));
    lines.push_back(fmt::format("job: left in TMPDIR, removed now: {} {}, {} ({}{})", files.files,
                                files.files == 1 ? "file" : "files", format_size(files.bytes),
                                join(names, ", "), files.files > names.size() ? ", …" : ""));
  }
  if (!appeared.empty()) {
    std::vector<std::string> names;
    for (const std::string& name : appeared) {
      if (names.size() < k_names_max) names.push_back(printable(name));
    }
    lines.push_back(fmt::format("job: new in shared directories, left there: {}{}",
                                join(names, ", "), appeared.size() > names.size() ? ", …" : ""));
  }
  return lines;
}

int run_job(const Invocation& invocation, const sys::Environment& env) {
  auto setup = set_up(invocation.flags, env, current_directory(), OffSwitch::passed_over);
  if (!setup) return report(setup.error());
  if (IsolatedJob::around(env)) {
    return report(Error{Code::invalid, "job: this is inside of an isolated job already"});
  }
  if (const auto program = find_program("job", invocation.tail.front(), env); !program) {
    return report_not_started(program.error());
  }
  sys::Environment inner = env;
  std::optional<IsolatedJob> job;
  agent::AgentConfig config = setup->config;
  IsolatedJob::sweep(config.cache_directory);
  if (invocation.has("isolated")) {
    auto created = IsolatedJob::create(setup->config);
    if (!created) return report(std::move(created).error().in("job"));
    job = std::move(*created);
    job->apply(inner);
    job->apply(config);
  }
  const SharedTemporary shared({"/tmp", "/var/tmp", "/dev/shm"});
  sys::adopt_orphans();
  const sys::SpawnOptions command = inner_command(*setup, invocation, inner);
  sys::forget_variables(names_kept_back(*setup));  // the inner one does the same
  const auto ended = run_inner(command);
  if (!ended) {
    if (job) job->remove(setup->config);
    return report(Error(ended.error()).in("job"));
  }
  if (job) {
    const bool waits = !ended->was_interrupted;
    end_agents(config.runtime_directory,
               waits ? setup->settings.drain_timeout : std::chrono::milliseconds(0));
  }
  const Left left = processes_left(setup->executable, job.has_value());
  const LeftFiles files = job ? files_left_in(job->temporary()) : LeftFiles{};
  const auto appeared = shared.appeared({config.runtime_directory, config.cache_directory});
  for (const std::string& line : leak_lines(left.leaked, files, appeared)) say(line);
  for (const auto& processes : {left.leaked, left.agents}) {
    sys::end_processes(processes, Deadline::after(k_leaked_end_max));
  }
  if (job) {
    carry_back(*job);
    job->remove(setup->config);
  }
  if (ended->status.signal != 0) sys::die_by_signal(ended->status.signal);
  return ended->status.code;
}

}  // namespace sluice::cli
