#include "cli/test_command.hpp"

#include "agent/config.hpp"
#include "agent/test_door.hpp"
#include "agent/toolexec.hpp"
#include "cli/go.hpp"
#include "cli/launch.hpp"
#include "cli/output.hpp"
#include "cli/setup.hpp"
#include "gotool/go_flags.hpp"
#include "gotool/go_version.hpp"
#include "gotool/test_words.hpp"
#include "gotool/toolchain.hpp"
#include "runner/test_run.hpp"
#include "sys/log.hpp"
#include "sys/process.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace sluice::cli {

namespace {

// The other name of sluice beside that of its toolexec, which is in GOFLAGS; nothing where go's
// tools are not run through sluice.
std::optional<sys::Path> tested_link(const std::string& goflags, const sys::Path& sluice) {
  constexpr std::string_view k_flag = "-toolexec=";
  const auto words = gotool::split_go_words(goflags);
  if (!words || words->empty() || !words->back().starts_with(k_flag)) return std::nullopt;
  const sys::Path toolexec = words->back().substr(k_flag.size());
  if (toolexec.filename() != agent::k_toolexec_name) return std::nullopt;
  const sys::Path link = toolexec.parent_path() / agent::k_tested_name;
  if (!sys::ensure_symlink(link, sluice)) return std::nullopt;
  return link;
}

bool is_file_of_go(const std::string& package) { return package.ends_with(".go"); }

// What is built for another machine only go's -exec can run.
bool is_for_here(const agent::AgentConfig& config, const sys::Environment& env) {
#if defined(__x86_64__)
  constexpr std::string_view k_architecture = "amd64";
#else
  constexpr std::string_view k_architecture = "arm64";
#endif
  gotool::GoCommand go;
  go.goroot = config.goroot;
  const auto is_ours = [&](std::string_view name, std::string_view ours) {
    const auto value = gotool::go_env_value(env, name, go);
    return !value || value->empty() || *value == ours;
  };
  return is_ours("GOOS", "linux") && is_ours("GOARCH", k_architecture);
}

// Why go has to do all of it; empty: sluice can.
std::string why_only_go(const gotool::TestWords& words) {
  if (!words.only_go.empty()) return words.only_go;
  if (words.packages.empty()) return "the package of the directory";
  if (std::ranges::any_of(words.packages, is_file_of_go)) return "files, no packages";
  return "";
}

}  // namespace

int run_test(const Invocation& invocation, const sys::Environment& env) {
  std::vector<std::string> words = {"test"};
  words.insert(words.end(), invocation.tail.begin(), invocation.tail.end());
  const std::string elsewhere = gotool::parse_go_words(words).change_directory;
  auto setup = set_up(invocation.flags, env, (current_directory() / elsewhere).lexically_normal());
  if (!setup) return report(setup.error());
  const bool is_alone = !setup->go_error.empty() || !setup->settings.enabled ||
                        foreign_cacheprog(*setup, env) || setup->go.is_script;
  const ModeChoice choice = choose_mode(setup->settings.mode, setup->go, false);
  if (is_alone || choice.restore) {
    Invocation go = invocation;
    go.tail = std::move(words);
    return run_go(go, env);
  }
  Command command{setup->executable, {std::string(k_test_run_name)}, true};
  command.arguments.insert(command.arguments.end(), words.begin(), words.end());
  return launch_job(*setup, invocation.flags, env, command, false);
}

int run_tests_inside(const std::vector<std::string>& words, const sys::Environment& env) {
  auto config = agent::AgentConfig::of_environment(env);
  if (!config || config->go_path.empty() || words.empty()) {
    return report(Error{Code::invalid, "sluice-test-run: for sluice itself only"});
  }
  const auto sluice = sys::own_executable();
  const std::string goflags = env.get_or("GOFLAGS", "");
  const auto tested = sluice ? tested_link(goflags, *sluice) : std::nullopt;
  gotool::TestWords asked = gotool::parse_test_words(
      {words.begin() + 1, words.end()}, gotool::goflags_without_toolexec(goflags).value_or(""),
      gotool::minor_of(config->go_version), current_directory());
  std::string reason = why_only_go(asked);
  if (!tested) reason = "go's tools are not run through sluice";
  if (!is_for_here(*config, env)) reason = "another system or processor is built for";
  if (!reason.empty()) {
    sys::log_debug("go test runs the tests: {}", reason);
    std::vector<std::string> arguments = {"go"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    return report_not_started(sys::exec(config->go_path, arguments, env));
  }
  sys::ignore_write_signals();
  runner::TestRunSettings settings;
  settings.config = std::move(*config);
  settings.env = env;
  settings.words = std::move(asked);
  settings.sluice = *sluice;
  settings.tested = *tested;
  settings.strategy = runner::auto_strategy();
  const auto status = runner::run_tests(std::move(settings));
  return status ? *status : report(status.error());
}

}  // namespace sluice::cli
