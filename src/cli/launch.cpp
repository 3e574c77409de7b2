#include "cli/launch.hpp"

#include "agent/toolexec.hpp"
#include "base/digest.hpp"
#include "base/strings.hpp"
#include "base/units.hpp"
#include "cli/agent_door.hpp"
#include "cli/command_record.hpp"
#include "cli/modules.hpp"
#include "cli/output.hpp"
#include "cli/same_path.hpp"
#include "gotool/go_flags.hpp"
#include "gotool/local_tier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluice::cli {

namespace {

constexpr std::uint64_t k_suspected_bytes_max = 1U << 20U;
// Releases whose linker is known (docs/formats/link-cache.md).
constexpr int k_toolexec_minor_min = 24;
constexpr int k_toolexec_minor_max = 27;
constexpr int k_cacheprog_minor_min = 24;  // Go 1.24 is the first with GOCACHEPROG
constexpr std::string_view k_cacheprog = "GOCACHEPROG";
constexpr std::string_view k_golangci_cacheprog = "GOLANGCI_LINT_CACHEPROG";

using agent::Client;
using codec::Json;

// What restore mode did around the command.
struct Restore {
  agent::Counters before;  // of the agent, whose life may be longer than this command
  std::int64_t agent_pid = 0;
  std::uint64_t restored = 0;
  std::uint64_t saved = 0;
};

Result<Json> ask_status(Client& client) {
  return client.status(Deadline::after(k_agent_start_max));
}

Restore restore_before(AgentDoor& door) {
  Restore restore;
  const auto status = door.ask(ask_status, AgentDoor::IfGone::give_up);
  if (!status) return restore;
  restore.before = counters_of(*status);
  restore.agent_pid = status->int_or("pid", 0);
  const auto reply = door.ask(
      [](Client& client) -> Result<Json> {
        auto answer = client.restore(k_restore_max);
        if (!answer) return std::unexpected(std::move(answer).error().in("restore"));
        return answer;
      },
      AgentDoor::IfGone::start_another);
  if (reply) restore.restored = count_of(*reply, "restored");
  return restore;
}

void save_after(AgentDoor& door, UnixNanos since_ns, Restore& restore) {
  const auto reply = door.ask(
      [since_ns](Client& client) -> Result<Json> {
        auto answer = client.save(since_ns);
        if (!answer) return std::unexpected(std::move(answer).error().in("save"));
        return answer;
      },
      AgentDoor::IfGone::start_another);
  if (!reply) return;
  restore.saved = count_of(*reply, "made");
  // An agent that came later counts from nothing.
  const auto status = door.ask(ask_status, AgentDoor::IfGone::give_up);
  if (status && status->int_or("pid", 0) != restore.agent_pid) restore.before = {};
}

// No session has spoken in this mode, so the agent's transfers are those of its whole life.
void add_restore(Summary& summary, const Restore& restore) {
  summary.restore_mode = true;
  summary.restored = restore.restored;
  summary.saved = restore.saved;
  summary.counters.subtract_transfers(restore.before);
}

struct Ended {
  sys::ExitStatus status;
  bool was_interrupted = false;  // somebody asked for an end, whatever the command made of it
};

// --verify-tests: packages that were tested again and are not stored have failed when the command
// did; a go that was interrupted, or found an input too new to be kept, stores nothing either.
void judge_tests(Summary& summary, const agent::AgentConfig& config, const Ended& ended) {
  const sys::Path file = config.tests_suspected_path();
  const auto bytes = sys::read_file(file, k_suspected_bytes_max);
  if (!bytes || !*bytes) return;
  [[maybe_unused]] const auto swept_otherwise = sys::remove_file(file);
  if (ended.was_interrupted || ended.status.success()) {
    summary.counters.verify_tests_failed = 0;
    return;
  }
  const auto written = sys::write_file_atomic(config.tests_distrusted_path(), **bytes, 0600);
  if (!written) say(written.error().message);
  for (const std::string_view package : split(text_of(**bytes), '\n')) {
    if (package.empty()) continue;
    say(
        fmt::format("verify-tests: {} has a kept result and did not pass when it was tested again; "
                    "no test result is reused by content for the rest of this job",
                    printable(package)));
  }
}

void tell(const Summary& summary, const Settings& settings) {
  for (const auto& fault : summary.untold_faults) say(fault);
  if (summary.counters.verify_mismatched > 0) {
    say(fmt::format("verify: {} of {} results that were made again differ from what the cache has",
                    summary.counters.verify_mismatched, summary.counters.verify_checked));
  }
  if (!settings.quiet && is_worth_a_line(summary)) say(summary_line(summary));
  if (settings.summary_file.empty()) return;
  const auto written =
      sys::write_named_file(settings.summary_file, bytes_of(summary_json(summary)));
  if (!written) say("SLUICE_SUMMARY: " + written.error().message);
}

// Inside a command of an outer sluice that serves the same job, counting and telling is the
// outer's.
bool joins_outer_command(Setup& setup, const sys::Environment& env) {
  const auto outer = agent::AgentConfig::of_environment(env);
  if (!outer || outer->command_id.empty() || outer->key() != setup.config.key()) return false;
  setup.config.command_id = outer->command_id;
  return true;
}

// A copy of the `go env -w` file without our own GOCACHEPROG, for a command that must not have one:
// neither an empty variable nor an unset one overrides that file. Removed with the object.
class QuietGoEnv {
 public:
  QuietGoEnv(const Setup& setup, sys::Environment& env) {
    if (!gotool::go_env_written(env, k_cacheprog)) return;
    const sys::Path fallback = sys::user_config_directory(env) / "go/env";
    const auto bytes = sys::read_file(env.get_or("GOENV", fallback.string()), k_go_env_bytes_max);
    if (!bytes || !*bytes) return;
    std::string kept;
    for (const std::string_view line : split(text_of(**bytes), '\n')) {
      if (!line.starts_with("GOCACHEPROG=")) kept += std::string(line) + "\n";
    }
    // The agent sweeps what reports a killed command leaves there.
    const sys::Path copy =
        setup.config.runtime_directory / fmt::format("report-{}.goenv", setup.config.command_id);
    if (!sys::write_file_atomic(copy, bytes_of(kept), 0600)) return;
    path_ = copy;
    env.set("GOENV", path_.string());
  }
  ~QuietGoEnv() {
    if (path_.empty()) return;
    [[maybe_unused]] const auto swept_with_its_directory = sys::remove_file(path_);
  }
  QuietGoEnv(const QuietGoEnv&) = delete;
  QuietGoEnv& operator=(const QuietGoEnv&) = delete;

 private:
  static constexpr std::uint64_t k_go_env_bytes_max = 1U << 20U;
  sys::Path path_;
};

// Runs the command with this terminal and passes signals on.
Result<Ended> run_child(const Command& command, const sys::Environment& env, AgentDoor& door) {
  sys::SpawnOptions options;
  options.program = command.program;
  options.arguments = command.arguments;
  options.environment = env;
  sys::SignalForwarder forwarder;  // first, so that no signal falls between the two
  TRY_ASSIGN(sys::Child child, sys::spawn(options));
  forwarder.set_child(child.pid());
  door.hold();
  TRY_ASSIGN(const sys::ExitStatus status, child.wait());
  return Ended{status, status.signal != 0 || forwarder.was_told_to_end()};
}

// In the local tier, else in the job's scopes.
bool knows_record(const Setup& setup, AgentDoor& door, const ActionId& record) {
  const auto tier = gotool::LocalTier::open_over(setup.config.local_tier, setup.config.shared_tier);
  const auto here = tier ? tier->find(record) : std::nullopt;
  if (here && *here) return true;
  if (setup.config.store_url.empty()) return false;
  const auto reply = door.ask(
      [&record](Client& client) -> Result<Json> {
        TRY_ASSIGN(const bool known, client.knows(record));
        return Json(codec::JsonObject{{"known", known}});
      },
      AgentDoor::IfGone::give_up);
  return reply && reply->bool_or("known", false);
}

// Where go sees its checkout: said, and written into what its sessions are told.
std::optional<Place> place_of(Setup& setup, const Command& command, const sys::Environment& env,
                              bool restore, AgentDoor& door) {
  PlaceChoice choice = choose_place(setup, command, env, restore, [&](const ActionId& record) {
    return knows_record(setup, door, record);
  });
  if (!choice.note.empty()) say(choice.note);
  setup.config.place_records = std::move(choice.records);
  if (choice.place) setup.config.shown_checkout = choice.place->checkout;
  return std::move(choice.place);
}

std::vector<std::string> go_words(const Command& command) {
  if (!command.is_go) return {};
  return {command.arguments.begin() + 1, command.arguments.end()};
}

ModulesBrought modules_before(AgentDoor& door, const Setup& setup, const agent::ModulesAsked& asked,
                              const sys::Environment& env) {
  if (!carries_modules(setup)) return {};
  // What is wrong with go.sum go itself says.
  return bring_modules(door, setup, asked, env, Again::later).value_or(ModulesBrought{});
}

// sluice by the name that makes it a toolexec.
std::optional<sys::Path> toolexec_link(const Setup& setup) {
  constexpr std::size_t k_digits = 16;
  const std::string digest = to_hex(sha256(bytes_of(setup.executable.native())));
  const sys::Path directory =
      setup.config.cache_directory / "toolexec" / digest.substr(0, k_digits);
  const sys::Path link = directory / agent::k_toolexec_name;
  if (!sys::make_directories(directory, 0700)) return std::nullopt;
  if (!sys::ensure_symlink(link, setup.executable)) return std::nullopt;
  return link;
}

}  // namespace

Result<sys::Path> find_program(std::string_view asking, const std::string& name,
                               const sys::Environment& env) {
  if (auto program = sys::find_in_path(name, env)) return std::move(*program);
  // A file of this name that nobody may execute is another answer than none.
  const std::string path = env.get_or("PATH", "");
  const bool stands_there =
      std::ranges::any_of(split(path, ':'), [&name](std::string_view directory) {
        const auto info = sys::stat_file(sys::Path(directory) / name);
        return info && *info && (*info)->is_regular();
      });
  return fail(stands_there ? Code::denied : Code::not_found,
              fmt::format("{}: {}: {}", asking, printable(name, 120),
                          stands_there ? "not executable" : "command not found"));
}

int report_not_started(const Error& error) {
  say(error.message);
  return error.code == Code::not_found ? k_exit_not_found : k_exit_not_executable;
}

int execute(const Command& command, const sys::Environment& env) {
  return report_not_started(sys::exec(command.program, command.arguments, without_store_url(env)));
}

ModeChoice choose_mode(Mode mode, const gotool::GoCommand& go, bool wants_executables) {
  const bool too_old = go.minor != 0 && go.minor < k_cacheprog_minor_min;
  if (mode == Mode::restore) return {true, ""};
  if (mode == Mode::automatic) return {too_old || wants_executables, ""};
  if (!too_old) return {false, ""};
  return {true, fmt::format("mode cacheprog needs Go 1.24 or newer and this is {}: restore is used",
                            go.version)};
}

bool waits_for_uploads(Drain drain, const agent::Job& job, bool in_container) {
  if (drain != Drain::automatic) return drain == Drain::wait;
  return job.system != agent::CiSystem::none || in_container;
}

std::optional<std::string> foreign_cacheprog(const Setup& setup, const sys::Environment& env) {
  auto value = gotool::go_env_value(env, k_cacheprog, setup.go);
  if (!value || trim(*value).empty() || is_own_cacheprog(*value, setup.executable))
    return std::nullopt;
  return value;
}

Variables job_variables(const Setup& setup, const Flags& flags, bool restore,
                        std::string_view session) {
  Variables variables;
  for (const auto& [name, value] : variables_of(flags)) variables.emplace_back(name, value);
  if (setup.settings.source_of(SettingId::store).kind == Source::Kind::gocache) {
    variables.emplace_back(spec_of(SettingId::store).variable, setup.settings.store_url);
  }
  variables.emplace_back("GOCACHE", setup.config.local_tier.string());
  variables.emplace_back(agent::k_session_variable, session);
  if (restore) return variables;
  const std::string words = cacheprog_words({}, setup.executable);
  variables.emplace_back(k_cacheprog, words);
  variables.emplace_back(k_golangci_cacheprog, words);
  return variables;
}

sys::Environment job_environment(const Setup& setup, const Flags& flags,
                                 const sys::Environment& env, bool restore) {
  sys::Environment job = for_command(setup, env);
  agent::AgentConfig told = setup.config;
  const auto names = names_kept_back(setup);
  if (std::ranges::any_of(names, [&env](std::string_view name) { return env.has(name); })) {
    told.secrets_apart = true;
    told.secrets_agent = setup.config.socket_path();
  }
  job.unset(k_cacheprog);
  job.unset(k_golangci_cacheprog);
  for (const auto& [name, value] : job_variables(setup, flags, restore, told.encode())) {
    job.set(name, value);
  }
  return job;
}

std::string add_toolexec(const Setup& setup, const Command& command, sys::Environment& job) {
  const int minor = setup.go.minor;
  if (!setup.settings.link_cache || minor < k_toolexec_minor_min || minor > k_toolexec_minor_max) {
    return "";
  }
  const auto program = toolexec_link(setup);
  if (!program) return "";  // nothing can be kept there either
  // Setting the variable hides what go reads in other places, so it begins with what is in effect.
  const std::string goflags = gotool::go_env_value(job, "GOFLAGS", setup.go).value_or("");
  const auto flags = gotool::goflags_with_toolexec(
      goflags, command.is_go ? command.arguments : std::vector<std::string>{}, *program);
  if (flags) {
    job.set("GOFLAGS", *flags);
    return "";
  }
  if (flags.error() != gotool::NoToolexec::unreadable) return "";
  return fmt::format(
      "no link cache: -toolexec={} cannot be added to GOFLAGS (an open quote there, or a blank or "
      "a quote in that path)",
      printable(program->native()));
}

int launch_job(Setup& setup, const Flags& flags, const sys::Environment& env,
               const Command& command, bool restore) {
  sys::ignore_write_signals();  // an agent that dies must not take this process with it
  const bool inner = joins_outer_command(setup, env);
  if (!inner) setup.config.command_id = new_command_id();
  AgentDoor door(setup.config, env);
  const auto asked = modules_asked(setup, go_words(command), env);
  const ModulesBrought modules = modules_before(door, setup, asked, env);
  const auto place = place_of(setup, command, env, restore, door);
  sys::Environment job = job_environment(setup, flags, env, restore);
  sys::forget_variables(names_kept_back(setup));
  if (carries_modules(setup)) {
    const auto goproxy = goproxy_for(door, setup, asked, modules, go_words(command), env);
    if (goproxy) job.set("GOPROXY", *goproxy);
  }
  std::optional<QuietGoEnv> quiet;
  std::optional<Restore> restored;
  if (const auto note = add_toolexec(setup, command, job); !note.empty()) say(note);
  if (restore) {
    quiet.emplace(setup, job);
    restored = restore_before(door);
  }
  const UnixNanos started_ns = unix_now_ns();
  const auto started = std::chrono::steady_clock::now();
  if (!inner) record_beginning(setup, command, env);
  const Command placed = place ? at_place(setup, *place, command, job) : command;
  const auto ended = run_child(placed, job, door);
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - started);
  quiet.reset();  // a signal's end runs no destructors
  if (!ended) return report_not_started(ended.error());
  if (restored) save_after(door, started_ns, *restored);
  if (carries_modules(setup)) keep_modules(door, asked);
  if (!inner) {
    // Who interrupted the command does not want to wait for anything.
    const bool wait = !ended->was_interrupted &&
                      waits_for_uploads(setup.settings.drain, setup.job, sys::in_container());
    const auto wait_max = wait ? setup.settings.drain_timeout : std::chrono::milliseconds(0);
    Summary summary = finish_command(door, setup.config, wait_max);
    summary.modules_brought = modules.brought;
    if (restored) add_restore(summary, *restored);
    judge_tests(summary, setup.config, *ended);
    record_end(setup, summary, ended->status, took);
    tell(summary, setup.settings);
  }
  if (ended->status.signal != 0) sys::die_by_signal(ended->status.signal);
  return ended->status.code;
}

}  // namespace sluice::cli
