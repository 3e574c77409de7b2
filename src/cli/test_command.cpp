#include "cli/test_command.hpp"

#include "agent/config.hpp"
#include "agent/test_door.hpp"
#include "agent/toolexec.hpp"
#include "base/strings.hpp"
#include "cli/go.hpp"
#include "cli/launch.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/setup.hpp"
#include "cli/test_classes.hpp"
#include "cli/test_options.hpp"
#include "gotool/go_flags.hpp"
#include "gotool/go_version.hpp"
#include "gotool/test_words.hpp"
#include "gotool/toolchain.hpp"
#include "runner/go_rules.hpp"
#include "runner/load_meter.hpp"
#include "runner/retries.hpp"
#include "runner/strategy_words.hpp"
#include "runner/test_run.hpp"
#include "sys/log.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cmath>
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

// As go test would run without -p.
std::size_t packages_at_once(const gotool::TestWords& words) {
  const std::size_t said = runner::packages_at_once(words);
  const double cores = runner::machine_capacity(sys::Cgroups()).cores;
  return said != 0 ? said : static_cast<std::size_t>(std::max(1.0, std::ceil(cores)));
}

void say_without_us(const std::string& reason) {
  say(fmt::format("go test runs these tests by itself, and flags of sluice count for nothing: {}",
                  reason));
}

// go would run what nobody asked for.
Error not_without_us(const std::string& reason) {
  return {Code::invalid,
          fmt::format("test: tests can be chosen only where sluice runs them: {}", reason)};
}

// That of another run shall not be taken for this one's.
void remove_report(const sys::Path& file) {
  const auto before = sys::stat_file(file);
  if (before && *before && (*before)->is_regular()) (void)sys::remove_file(file);
}

int leave_to_go(const agent::AgentConfig& config, const std::vector<std::string>& words,
                const sys::Environment& env) {
  std::vector<std::string> arguments = {"go"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  return report_not_started(sys::exec(config.go_path, arguments, env));
}

}  // namespace

int run_test(const Invocation& invocation, const sys::Environment& env) {
  auto options = test_options_of(invocation, env);
  if (!options) return report(std::move(options).error().in("test"));
  std::vector<std::string> words = {"test"};
  words.insert(words.end(), invocation.tail.begin(), invocation.tail.end());
  const std::string elsewhere = gotool::parse_go_words(words).change_directory;
  const sys::Path directory = (current_directory() / elsewhere).lexically_normal();
  auto setup = set_up(invocation.flags, env, directory);
  if (!setup) return report(setup.error());
  const auto checkout = load_test_rules(directory);
  if (!checkout) return report(checkout.error());
  auto selection = selection_of(options->classes, options->filter, checkout->rules);
  if (!selection) return report(std::move(selection).error().in("test"));
  if (!options->junit.empty()) remove_report(options->junit);
  const bool is_alone = !setup->go_error.empty() || !setup->settings.enabled ||
                        foreign_cacheprog(*setup, env) || setup->go.is_script;
  const ModeChoice choice = choose_mode(setup->settings.mode, setup->go, false);
  if (is_alone || choice.restore) {
    if (options->chooses()) return report(not_without_us("sluice steps aside"));
    if (options->is_told()) say_without_us("sluice steps aside");
    Invocation go = invocation;
    go.tail = std::move(words);
    return run_go(go, env);
  }
  Command command{setup->executable, {std::string(k_test_run_name)}, true};
  command.arguments.insert(command.arguments.end(), words.begin(), words.end());
  options->is_quiet = setup->settings.quiet;
  sys::Environment told = env;
  told.set(k_test_options_variable, options->encode());
  return launch_job(*setup, invocation.flags, told, command, false);
}

int run_tests_inside(const std::vector<std::string>& words, const sys::Environment& told) {
  const TestOptions options = TestOptions::decode(told.get_or(k_test_options_variable, ""));
  sys::Environment env = told;
  env.unset(k_test_options_variable);
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
    if (options.chooses()) return report(not_without_us(reason));
    if (options.is_told()) say_without_us(reason);
    return leave_to_go(*config, words, env);
  }
  sys::ignore_write_signals();
  runner::TestRunSettings settings;
  settings.config = std::move(*config);
  settings.env = env;
  auto strategy = runner::strategy_of(options.parallel, packages_at_once(asked));
  if (!strategy) return report(strategy.error());
  settings.strategy = std::move(*strategy);
  settings.seed = options.seed;
  auto checkout =
      load_test_rules((current_directory() / asked.change_directory).lexically_normal());
  if (!checkout) return report(checkout.error());
  auto selection = selection_of(options.classes, options.filter, checkout->rules);
  if (!selection) return report(selection.error());
  add_tags(asked, *selection, checkout->rules, goflags);
  settings.rules = std::move(checkout->rules);
  settings.rules_directory = std::move(checkout->directory);
  settings.selection = std::move(*selection);
  settings.selection.only_failed = options.only_failed;
  settings.selection.shard = options.shard;
  const auto retries_something = [](const auto& one) { return one.retries.value_or(0) != 0; };
  settings.reads_tests =
      options.needs_tests() ||
      (!options.retries && std::ranges::any_of(settings.rules.classes, retries_something));
  if (settings.reads_tests) gotool::tell_each_test(asked);
  settings.words = std::move(asked);
  settings.sluice = *sluice;
  settings.tested = *tested;
  settings.explains = options.explains;
  settings.says_summary = !options.is_quiet;
  settings.report.junit = options.junit;
  settings.report.slowest = options.slowest;
  settings.retries = options.retries;
  if (env.get_or("GITHUB_ACTIONS", "") == "true" && !options.is_quiet) {
    settings.report.annotates_below = env.get_or("GITHUB_WORKSPACE", "");
  }
  ProgressLine line(true);
  if (::isatty(STDERR_FILENO) == 1 && !options.is_quiet) {
    settings.display = {[&line](const auto& text) { line.show(text); }, [&line] { line.wipe(); }};
  }
  const auto status = runner::run_tests(std::move(settings));
  return status ? *status : report(status.error());
}

}  // namespace sluice::cli
