#include "cli/go.hpp"

#include "base/strings.hpp"
#include "cli/launch.hpp"
#include "cli/output.hpp"
#include "cli/setup.hpp"
#include "gotool/toolchain.hpp"

#include <fmt/format.h>

namespace sluice::cli {

int run_go(const Invocation& invocation, const sys::Environment& env) {
  const gotool::GoWords words = gotool::parse_go_words(invocation.tail);
  sys::Path directory = current_directory();
  if (!words.change_directory.empty()) {
    directory = (directory / words.change_directory).lexically_normal();
  }
  auto setup = set_up(invocation.flags, env, directory);
  if (!setup) return report(setup.error());
  if (!setup->go_error.empty()) {
    say(setup->go_error);
    return k_exit_not_found;
  }
  Command command{setup->go.path, {"go"}};
  command.arguments.insert(command.arguments.end(), invocation.tail.begin(), invocation.tail.end());
  if (!setup->settings.enabled || !words.is_work) return execute(command, env);
  if (const auto other = foreign_cacheprog(*setup, env)) {
    say(fmt::format("GOCACHEPROG is \"{}\": sluice steps aside", printable(*other, 120)));
    return execute(command, env);
  }
  const ModeChoice choice = choose_mode(setup->settings.mode, setup->go, words.wants_executables);
  if (!choice.note.empty()) say(choice.note);
  return launch_job(*setup, invocation.flags, env, command, choice.restore);
}

}  // namespace sluice::cli
