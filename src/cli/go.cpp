#include "cli/go.hpp"

#include "base/strings.hpp"
#include "cli/launch.hpp"
#include "cli/modules.hpp"
#include "cli/output.hpp"
#include "cli/setup.hpp"
#include "gotool/toolchain.hpp"

#include <fmt/format.h>

namespace sluice::cli {

namespace {

// Counts the scripts named go around this one. A few are fine: the go of one may start a program
// that starts sluice.
constexpr std::string_view k_depth_variable = "SLUICE_SCRIPT_DEPTH";
constexpr int k_script_depth_max = 8;

// A script that answers `go env` by itself and hands the rest to sluice would start us for ever.
bool is_too_deep(const gotool::GoCommand& go, sys::Environment& env) {
  if (!go.is_script) return false;
  const int depth = parse_int<int>(env.get_or(k_depth_variable, "0")).value_or(0);
  env.set(k_depth_variable, fmt::format("{}", depth + 1));
  return depth >= k_script_depth_max;
}

int refuse_go(const std::string& reason, const sys::Environment& env) {
  // The sluice that asks reads what go writes.
  if (env.has(gotool::k_asking_variable)) print(reason + "\n");
  say(reason);
  return k_exit_not_found;
}

}  // namespace

int run_go(const Invocation& invocation, const sys::Environment& outer) {
  sys::Environment env = outer;
  const gotool::GoWords words = gotool::parse_go_words(invocation.tail);
  sys::Path directory = current_directory();
  if (!words.change_directory.empty()) {
    directory = (directory / words.change_directory).lexically_normal();
  }
  auto setup = set_up(invocation.flags, env, directory);
  if (!setup) return report(setup.error());
  if (!setup->go_error.empty()) return refuse_go(setup->go_error, env);
  if (is_too_deep(setup->go, env)) return refuse_go(std::string(gotool::k_starts_sluice), env);
  Command command{setup->go.path, {"go"}, true};
  command.arguments.insert(command.arguments.end(), invocation.tail.begin(), invocation.tail.end());
  if (!setup->settings.enabled) return execute(command, env);
  if (!words.is_work && !(words.fetches_modules && carries_modules(*setup))) {
    // `go clean -cache` and what `go get` finds out belong to the job's own tier.
    if (setup->config.local_tier != gotool::default_gocache(env, setup->go)) {
      env.set("GOCACHE", setup->config.local_tier.string());
    }
    return execute(command, env);
  }
  if (const auto other = foreign_cacheprog(*setup, env)) {
    say(fmt::format("GOCACHEPROG is \"{}\": sluice steps aside", printable(*other, 120)));
    return execute(command, env);
  }
  const ModeChoice choice = choose_mode(setup->settings.mode, setup->go, words.wants_executables);
  if (!choice.note.empty()) say(choice.note);
  return launch_job(*setup, invocation.flags, env, command, choice.restore);
}

}  // namespace sluice::cli
