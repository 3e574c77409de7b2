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
#include "codec/json.hpp"
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

// What this command was told beside go's words, for the process that runs the tests.
constexpr std::string_view k_options_variable = "SLUICE_TEST_RUN";
constexpr std::size_t k_slowest_max = 1000;

struct Options {
  std::string parallel = "auto";
  bool explains = false;
  sys::Path junit;  // empty: none
  std::size_t slowest = 0;
  std::size_t retries = 0;
  bool is_quiet = false;

  bool needs_tests() const { return !junit.empty() || slowest != 0 || retries != 0; }
  bool is_told() const { return parallel != "auto" || explains || needs_tests(); }

  std::string encode() const {
    return codec::Json(codec::JsonObject{{"parallel", parallel},
                                         {"explains", explains},
                                         {"junit", junit.native()},
                                         {"slowest", static_cast<std::uint64_t>(slowest)},
                                         {"retries", static_cast<std::uint64_t>(retries)},
                                         {"quiet", is_quiet}})
        .dump();
  }
  static Options decode(std::string_view text) {
    const auto json = codec::parse_json(text);
    if (!json) return {};
    return {json->text_or("parallel", "auto"),
            json->bool_or("explains", false),
            json->text_or("junit", ""),
            static_cast<std::size_t>(json->int_or("slowest", 0)),
            static_cast<std::size_t>(json->int_or("retries", 0)),
            json->bool_or("quiet", false)};
  }
};

struct Count {
  std::string_view name;  // of the option
  std::size_t most;
  std::size_t* into;
};

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
  Options options;
  options.parallel = invocation.option_or("parallel", options.parallel);
  options.explains = invocation.has("explain-schedule");
  if (invocation.has("junit")) {
    options.junit = (current_directory() / invocation.option_or("junit", "")).lexically_normal();
    const auto is_directory = [](const sys::Path& path) {
      const auto info = sys::stat_file(path);
      return info && *info && (*info)->is_directory();
    };
    const sys::Path parent = options.junit.parent_path();
    if (is_directory(options.junit) || !is_directory(parent)) {
      const std::string why = is_directory(parent) ? options.junit.native() + " is a directory"
                                                   : parent.native() + " is no directory";
      return report(Error{Code::invalid, "test: --junit: " + why});
    }
  }
  for (const auto& [name, most, into] :
       {Count{"slowest", k_slowest_max, &options.slowest},
        Count{"retries", runner::k_retries_max, &options.retries}}) {
    const std::string text = invocation.option_or(name, "0");
    const auto number = parse_int<std::size_t>(text);
    if (!number || *number > most) {
      return report(Error{Code::invalid, fmt::format("test: --{}: \"{}\" is no number up to {}",
                                                     name, printable(text, 80), most)});
    }
    *into = *number;
  }
  if (const auto strategy = runner::strategy_of(options.parallel, 1); !strategy) {
    return report(Error{Code::invalid, "test: --parallel: " + strategy.error().message});
  }
  std::vector<std::string> words = {"test"};
  words.insert(words.end(), invocation.tail.begin(), invocation.tail.end());
  const std::string elsewhere = gotool::parse_go_words(words).change_directory;
  auto setup = set_up(invocation.flags, env, (current_directory() / elsewhere).lexically_normal());
  if (!setup) return report(setup.error());
  if (!options.junit.empty()) remove_report(options.junit);
  const bool is_alone = !setup->go_error.empty() || !setup->settings.enabled ||
                        foreign_cacheprog(*setup, env) || setup->go.is_script;
  const ModeChoice choice = choose_mode(setup->settings.mode, setup->go, false);
  if (is_alone || choice.restore) {
    if (options.is_told()) say_without_us("sluice steps aside");
    Invocation go = invocation;
    go.tail = std::move(words);
    return run_go(go, env);
  }
  Command command{setup->executable, {std::string(k_test_run_name)}, true};
  command.arguments.insert(command.arguments.end(), words.begin(), words.end());
  options.is_quiet = setup->settings.quiet;
  sys::Environment told = env;
  told.set(k_options_variable, options.encode());
  return launch_job(*setup, invocation.flags, told, command, false);
}

int run_tests_inside(const std::vector<std::string>& words, const sys::Environment& told) {
  const Options options = Options::decode(told.get_or(k_options_variable, ""));
  sys::Environment env = told;
  env.unset(k_options_variable);
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
  settings.reads_tests = options.needs_tests();
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
