#include "cli/run.hpp"

#include "base/strings.hpp"
#include "cli/launch.hpp"
#include "cli/output.hpp"
#include "cli/setup.hpp"

#include <fmt/format.h>

namespace sluice::cli {

int run_run(const Invocation& invocation, const sys::Environment& env) {
  auto setup = set_up(invocation.flags, env, current_directory());
  if (!setup) return report(setup.error());
  const auto program = find_program("run", invocation.tail.front(), env);
  if (!program) return report_not_started(program.error());
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
