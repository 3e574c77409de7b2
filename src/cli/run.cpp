#include "cli/run.hpp"

#include "base/strings.hpp"
#include "cli/launch.hpp"
#include "cli/output.hpp"
#include "cli/setup.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::cli {

namespace {

// A file of this name that nobody may execute is another answer than none.
bool stands_in_path(const std::string& name, const sys::Environment& env) {
  const std::string path = env.get_or("PATH", "");
  return std::ranges::any_of(split(path, ':'), [&name](std::string_view directory) {
    const auto info = sys::stat_file(sys::Path(directory) / name);
    return info && *info && (*info)->is_regular();
  });
}

}  // namespace

int run_run(const Invocation& invocation, const sys::Environment& env) {
  auto setup = set_up(invocation.flags, env, current_directory());
  if (!setup) return report(setup.error());
  const std::string& name = invocation.tail.front();
  const auto program = sys::find_in_path(name, env);
  if (!program) {
    const std::string shown = printable(name, 120);
    if (stands_in_path(name, env)) {
      return report_not_started(Error{Code::denied, fmt::format("run: {}: not executable", shown)});
    }
    return report_not_started(
        Error{Code::not_found, fmt::format("run: {}: command not found", shown)});
  }
  const Command command{*program, invocation.tail};
  if (!setup->settings.enabled) return execute(command, env);
  if (const auto other = foreign_cacheprog(*setup, env)) {
    say(fmt::format("GOCACHEPROG is \"{}\": sluice steps aside", printable(*other, 120)));
    return execute(command, env);
  }
  // The commands inside are not known: executables of a `go run` among them are linked as by plain
  // go.
  const ModeChoice choice = choose_mode(setup->settings.mode, setup->go, false);
  if (!choice.note.empty()) say(choice.note);
  return launch_job(*setup, invocation.flags, env, command, choice.restore);
}

}  // namespace sluice::cli
