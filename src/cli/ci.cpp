#include "cli/ci.hpp"

#include "agent/hold.hpp"
#include "base/strings.hpp"
#include "base/units.hpp"
#include "cli/agent_door.hpp"
#include "cli/begun_job.hpp"
#include "cli/ci_end.hpp"
#include "cli/env.hpp"
#include "cli/launch.hpp"
#include "cli/modules.hpp"
#include "cli/output.hpp"
#include "codec/json.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <utility>

namespace sluice::cli {

namespace {

constexpr std::uint32_t k_runner_file_mode = 0644;
constexpr std::string_view k_goflags = "GOFLAGS";

using agent::Client;
using codec::Json;

// What begin has found out and done.
struct Begun {
  bool restore = false;
  bool store_is_known = false;
  std::uint64_t restored = 0;
  Variables variables;
};

void hold_agent(AgentDoor& door, std::chrono::milliseconds unused_max, Begun& begun) {
  const auto reply =
      door.ask([unused_max](Client& client) { return client.hold(unused_max, k_begin_wait); },
               AgentDoor::IfGone::start_another);
  if (!reply) return;
  begun.store_is_known = reply->bool_or("is_known", false);
  const Json* faults = reply->find("faults");
  if (faults == nullptr || faults->as_array() == nullptr) return;
  for (const Json& fault : *faults->as_array()) {
    if (fault.as_string() != nullptr) say("ci begin: " + *fault.as_string());
  }
}

// Go before 1.24 finds everything in GOCACHE. Once a job: what its commands have used since is told
// from what was only given by the times of files.
void restore_once(AgentDoor& door, const std::optional<BegunJob>& before, Begun& begun) {
  if (!begun.restore) return;
  if (before && before->restore) {
    begun.restored = before->restored;
    return;
  }
  const auto reply = door.ask([](Client& client) { return client.restore(k_restore_max); },
                              AgentDoor::IfGone::start_another);
  if (reply) begun.restored = count_of(*reply, "restored");
}

// The session's file is of the job as a whole: each go of it is a command of its own.
std::optional<std::string> leave_for_the_job(const Setup& setup, const Begun& begun,
                                             const std::optional<BegunJob>& before,
                                             std::optional<agent::ModulesAsked> modules) {
  BegunJob job;
  job.config = setup.config;
  job.began_ns = before ? before->began_ns : unix_now_ns();
  job.restore = begun.restore;
  job.restored = begun.restored;
  job.modules = std::move(modules);
  auto session = leave_begun_job(job);
  if (session) return std::move(*session);
  say("ci begin: " + session.error().message + "; linked programs are not kept");
  return std::nullopt;
}

void choose_variables(AgentDoor& door, const Setup& setup, const Flags& flags,
                      const sys::Environment& env, const std::optional<BegunJob>& before,
                      Begun& begun) {
  const auto asked = modules_asked(setup, {}, env);
  const bool carries = carries_modules(setup);
  const auto session = leave_for_the_job(
      setup, begun, before,
      carries ? std::optional<agent::ModulesAsked>(asked) : std::optional<agent::ModulesAsked>());
  begun.variables = job_variables(setup, flags, begun.restore, session.value_or(""));
  if (session) {
    sys::Environment job = env;
    for (const auto& [name, value] : begun.variables) job.set(name, value);
    if (const auto note = add_toolexec(setup, Command{}, job); !note.empty()) say(note);
    if (job.get(k_goflags) != env.get(k_goflags)) {
      begun.variables.emplace_back(k_goflags, job.get_or(k_goflags, ""));
    }
  } else {
    std::erase_if(begun.variables,
                  [](const auto& one) { return one.first == agent::k_session_variable; });
  }
  if (!carries) return;
  if (const auto goproxy = goproxy_of_job(door, setup, asked, env)) {
    begun.variables.emplace_back("GOPROXY", *goproxy);
  }
  start_bringing_modules(door, setup, asked, env);
}

// Lines for the later steps, in a file that the runner reads.
void add_lines(const sys::Environment& env, std::string_view file_variable,
               std::string_view lines) {
  const sys::Path file = env.get_or(file_variable, "");
  const auto added = sys::append_to_file(file, bytes_of(lines), k_runner_file_mode);
  if (!added) say(fmt::format("ci begin: {}: {}", file_variable, added.error().message));
}

// A sluice that only its path names is found by later steps, too.
void add_to_runners_path(const Setup& setup, const sys::Environment& env) {
  if (!env.has("GITHUB_PATH") || sys::find_in_path("sluice", env)) return;
  add_lines(env, "GITHUB_PATH", setup.executable.parent_path().native() + "\n");
}

bool has_runner_files(const Setup& setup, const sys::Environment& env) {
  return setup.job.system == agent::CiSystem::github && env.has("GITHUB_ENV");
}

// A file of lines has no form for a value with two of them: the job goes on without that one.
void drop_line_breaks(Variables& variables) {
  std::erase_if(variables, [](const auto& one) {
    const bool has_break = one.second.find('\n') != std::string::npos;
    if (has_break)
      say(fmt::format("ci begin: {} has a line break: it is left as it is", one.first));
    return has_break;
  });
}

Result<void> hand_out(const Invocation& invocation, const Setup& setup, Begun& begun,
                      const sys::Environment& env) {
  const bool to_runner = !invocation.has("shell") && has_runner_files(setup, env);
  const std::string shell = to_runner ? "github" : invocation.option_or("shell", "sh");
  if (shell == "github" || shell == "dotenv") drop_line_breaks(begun.variables);
  TRY_ASSIGN(const std::string lines, variables_text(begun.variables, shell));
  if (to_runner) {
    add_lines(env, "GITHUB_ENV", lines);
    add_to_runners_path(setup, env);
  }
  if (invocation.has("json")) {
    codec::JsonObject variables;
    for (const auto& [name, value] : begun.variables) variables.emplace_back(name, value);
    print(Json(codec::JsonObject{{"begun", true},
                                 {"ci", agent::name_of(setup.job.system)},
                                 {"go", setup.go.version},
                                 {"mode", begun.restore ? "restore" : "cacheprog"},
                                 {"store", setup.config.store_url},
                                 {"store_is_known", begun.store_is_known},
                                 {"restored", begun.restored},
                                 {"variables", std::move(variables)}})
              .dump() +
          "\n");
  } else if (!to_runner) {
    print(lines);
  }
  return {};
}

// The job goes on as if there were no sluice.
int leave_alone(const Invocation& invocation, std::string_view why) {
  say(fmt::format("ci begin: {}", why));
  if (invocation.has("json")) print(Json(codec::JsonObject{{"begun", false}}).dump() + "\n");
  return 0;
}

std::string begun_line(const Setup& setup, const Begun& begun) {
  const std::string go = setup.go.version.empty() ? "go" : setup.go.version;
  const std::string store =
      setup.config.store_url.empty() ? "the local tier alone" : printable(setup.config.store_url);
  return fmt::format("{} of the later steps uses {} ({}); 'sluice ci end' ends it", go, store,
                     begun.restore ? fmt::format("restore: {} brought", begun.restored)
                                   : std::string("cacheprog"));
}

// Where nothing else tells two jobs of a checkout apart, their beginnings do.
void name_own_job(Setup& setup) {
  agent::begin_anew(setup.job, unix_now_ns());
  setup.config.job_id = setup.job.id;
}

int begin(const Invocation& invocation, const sys::Environment& env) {
  const auto unused_max = hold_of(invocation);
  if (!unused_max) return report(unused_max.error());
  auto setup = set_up(invocation.flags, env, current_directory());
  if (!setup) return report(setup.error());
  if (!setup->settings.enabled) return leave_alone(invocation, "SLUICE=off: nothing is changed");
  if (const auto other = foreign_cacheprog(*setup, env)) {
    return leave_alone(invocation, fmt::format("GOCACHEPROG is \"{}\": sluice steps aside",
                                               printable(*other, 120)));
  }
  if (!setup->go_error.empty()) {
    say(
        fmt::format("ci begin: {}: Go 1.24 or newer is expected, and no link is kept; begin behind "
                    "the step that installs go",
                    setup->go_error));
  }
  const ModeChoice choice = choose_mode(setup->settings.mode, setup->go, false);
  if (!choice.note.empty()) say(choice.note);
  setup->config.say_faults = true;  // no command of sluice is there to do so
  if (!agent::AgentConfig::of_environment(env)) name_own_job(*setup);
  const auto before = begun_job(setup->config);
  Begun begun;
  begun.restore = choice.restore;
  AgentDoor door(setup->config, env);
  hold_agent(door, *unused_max, begun);
  restore_once(door, before, begun);
  choose_variables(door, *setup, invocation.flags, env, before, begun);
  if (const auto handed = hand_out(invocation, *setup, begun, env); !handed) {
    return report(handed.error());
  }
  if (!setup->settings.quiet) say(begun_line(*setup, begun));
  return 0;
}

}  // namespace

Result<std::chrono::milliseconds> hold_of(const Invocation& invocation) {
  if (!invocation.has("hold")) return std::chrono::milliseconds(k_hold_unused);
  const std::string text = invocation.option_or("hold", "");
  const auto span = parse_duration(text);
  if (!span || span->count() == 0 || *span > agent::k_unused_max) {
    return fail(Code::invalid,
                fmt::format("ci begin: --hold: '{}' is no time of at most 6h, such as 15m",
                            printable(text, 60)));
  }
  return *span;
}

int run_ci(const Invocation& invocation, const sys::Environment& env) {
  sys::ignore_write_signals();
  const bool is_end = invocation.operand == "end";
  for (const std::string_view option : {"shell", "hold"}) {
    if (is_end && invocation.has(option)) {
      return report(Error{Code::invalid, fmt::format("ci end: --{} is of 'ci begin'", option)});
    }
  }
  if (!is_end && invocation.has("file")) {
    return report(Error{Code::invalid, "ci begin: --file is of 'ci end'"});
  }
  return is_end ? end_job(invocation, env) : begin(invocation, env);
}

}  // namespace sluice::cli
