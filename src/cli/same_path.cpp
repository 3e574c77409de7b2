#include "cli/same_path.hpp"

#include "agent/shared_path.hpp"
#include "agent/toolexec.hpp"
#include "base/strings.hpp"
#include "cli/output.hpp"
#include "gotool/checkout_tree.hpp"
#include "gotool/go_flags.hpp"
#include "gotool/local_tier.hpp"
#include "gotool/modules.hpp"
#include "gotool/same_path.hpp"
#include "sys/log.hpp"
#include "sys/private_mounts.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

namespace sluice::cli {

namespace {

using gotool::SamePathCommand;
using gotool::SamePathUse;

constexpr std::uint64_t k_module_file_bytes_max = 4U << 20U;
constexpr auto k_try_max = std::chrono::seconds(10);
constexpr auto k_git_max = std::chrono::seconds(5);
constexpr UnixNanos k_told_again_ns = UnixNanos{24} * 3600 * 1'000'000'000;
constexpr std::array<std::string_view, 2> k_git_places = {"GIT_DIR", "GIT_WORK_TREE"};
constexpr std::string_view k_git_count = "GIT_CONFIG_COUNT";

std::optional<std::string> text_of_file(const sys::Path& path) {
  const auto bytes = sys::read_file(path, k_module_file_bytes_max);
  if (!bytes || !*bytes) return std::nullopt;
  return std::string(text_of(**bytes));
}

SamePathCommand command_of(const Setup& setup, const Command& command,
                           const sys::Environment& env) {
  SamePathCommand asked;
  asked.use =
      setup.settings.same_path == SamePath::automatic ? SamePathUse::passing : SamePathUse::all;
  asked.words.assign(command.arguments.begin() + 1, command.arguments.end());
  const std::string goflags = gotool::go_env_value(env, "GOFLAGS", setup.go).value_or("");
  asked.goflags = gotool::split_go_words(goflags).value_or(std::vector<std::string>{});
  // That of a sluice around this one.
  std::erase_if(asked.goflags, [](const std::string& flag) {
    return flag.starts_with("-toolexec=") &&
           sys::Path(flag).filename() == sys::Path(agent::k_toolexec_name);
  });
  for (const std::string_view name : gotool::k_same_path_settings) {
    const auto value = gotool::go_env_value(env, name, setup.go);
    if (value && !value->empty()) asked.settings.emplace(name, *value);
  }
  asked.started_in = current_directory();
  asked.checkout = gotool::whole_checkout(setup.working_directory);
  asked.module_cache = setup.config.module_cache.lexically_normal();
  asked.goroot = setup.go.goroot;
  asked.root = setup.config.same_path;
  // Where there is none, the trial says so.
  asked.covered = sys::covered_directory(asked.root).value_or(asked.root);
  return asked;
}

// go.work and what it uses, else the go.mod.
std::vector<gotool::ModuleFile> module_files(const Setup& setup, const sys::Environment& env) {
  std::vector<gotool::ModuleFile> files;
  const auto add = [&files](const sys::Path& path) {
    if (auto text = text_of_file(path)) files.push_back({path, std::move(*text)});
  };
  const bool has_work = gotool::go_env_value(env, "GOWORK", setup.go).value_or("") != "off";
  const auto work = has_work ? gotool::find_upward(setup.working_directory, "go.work")
                             : std::optional<sys::Path>();
  if (work) add(*work);
  for (const auto& module : gotool::main_modules(env, setup.working_directory)) {
    add(module.root / "go.mod");
  }
  return files;
}

sys::Path nearest_repository(const sys::Path& directory) {
  for (sys::Path at = directory; at.has_relative_path(); at = at.parent_path()) {
    const auto info = sys::stat_file(at / ".git");
    if (info && *info) return at;
  }
  return {};
}

gotool::SamePathFiles files_of(const Setup& setup, const SamePathCommand& asked,
                               const sys::Environment& env) {
  gotool::SamePathFiles files;
  files.modules = module_files(setup, env);
  files.git_file = text_of_file(nearest_repository(setup.working_directory) / ".git");
  const auto cgo = asked.settings.find("CGO_ENABLED");
  const bool has_cgo = cgo == asked.settings.end() || cgo->second != "0";
  files.tree = gotool::look_at_checkout(asked.checkout, asked.module_cache, has_cgo);
  return files;
}

std::optional<std::string> why_not_these_variables(const sys::Environment& env) {
  for (const std::string_view name : k_git_places) {
    if (env.has(name)) return fmt::format("{} is set", name);
  }
  return std::nullopt;
}

// Two jobs of one module are about one thing, whatever their directories are called.
std::string module_name(const sys::Environment& env, const sys::Path& directory) {
  std::vector<std::string> names;
  for (const auto& module : gotool::main_modules(env, directory)) names.push_back(module.path);
  return join(names, " ");
}

std::vector<std::string> words_of(const Place& place) {
  return {"sluice", std::string(k_at_same_path_word), place.root.native(), place.checkout.native(),
          place.module_cache.native()};
}

// Why this system cannot; empty when it can.
std::string try_place(const Setup& setup, const Place& place, const sys::Environment& env) {
  sys::SpawnOptions options;
  options.program = setup.executable;
  options.arguments = words_of(place);
  options.environment = env;
  const auto tried = sys::run_captured(options, Deadline::after(k_try_max));
  if (!tried) return tried.error().message;
  if (tried->status.success()) return "";
  const std::string_view said = trim(tried->output);
  return said.empty() ? std::string("it ended without a word") : printable(said);
}

std::string refusal(const Setup& setup, const Place& place, std::string_view reason) {
  const sys::Path told = setup.config.same_path_refused_path();
  const auto info = sys::stat_file(told);
  if (info && *info && unix_now_ns() - (*info)->mtime_ns < k_told_again_ns) return "";
  if (sys::make_private_directory(setup.config.runtime_directory)) {
    [[maybe_unused]] const auto else_said_again =
        sys::write_file_atomic(told, bytes_of(std::string(reason) + "\n"), 0600);
  }
  return fmt::format(
      "same-path: the checkout cannot be shown at {} here ({}); go runs where it is, and "
      "-trimpath keeps paths out of Go's keys, too",
      place.root.native(), reason);
}

// What the scopes know of: the records of this place and of the constant one.
struct Records {
  ActionId any;
  ActionId here;
  ActionId constant;
};

bool is_elsewhere(const Records& records, const KnowsRecord& knows) {
  return knows(records.constant) || (knows(records.any) && !knows(records.here));
}

// Git trusts the checkout by its owner or by its configuration, which names the real path.
bool needs_trust(const sys::Path& repository) {
  const std::uint32_t self = sys::effective_user();
  return std::ranges::any_of(std::array{repository, repository / ".git"},
                             [self](const sys::Path& path) {
                               const auto info = sys::stat_file(path);
                               return info && *info && (*info)->uid != self;
                             });
}

bool is_trusted(const sys::Path& repository, const sys::Environment& env) {
  const auto git = sys::find_in_path("git", env);
  if (!git) return false;
  sys::SpawnOptions options;
  options.program = *git;
  options.arguments = {"git", "rev-parse", "--git-dir"};
  options.environment = env;
  options.working_directory = repository;
  const auto asked = sys::run_captured(options, Deadline::after(k_git_max));
  return asked && asked->status.success();
}

void pass_trust(const Setup& setup, const Place& place, sys::Environment& job) {
  const sys::Path repository = nearest_repository(setup.working_directory);
  if (repository.empty() || !needs_trust(repository) || !is_trusted(repository, job)) return;
  const int count = parse_int<int>(job.get_or(k_git_count, "0")).value_or(-1);
  if (count < 0) return;  // git refuses it, too
  const sys::Path below = repository.lexically_relative(place.checkout);
  const sys::Path shown = (place.root / gotool::k_same_path_checkout / below).lexically_normal();
  job.set(fmt::format("GIT_CONFIG_KEY_{}", count), "safe.directory");
  job.set(fmt::format("GIT_CONFIG_VALUE_{}", count),
          below == "." ? (place.root / gotool::k_same_path_checkout).native() : shown.native());
  job.set(k_git_count, fmt::format("{}", count + 1));
}

// What at_place has changed.
sys::Environment where_it_is(sys::Environment env, const std::string& module_cache) {
  env.set("PWD", current_directory().native());
  env.set("GOMODCACHE", module_cache);
  auto config = agent::AgentConfig::decode(env.get_or(agent::k_session_variable, ""));
  if (!config) return env;
  config->shown_checkout.clear();
  config->place_records.clear();
  env.set(agent::k_session_variable, config->encode());
  return env;
}

}  // namespace

PlaceChoice choose_place(const Setup& setup, const Command& command, const sys::Environment& env,
                         bool restore, const KnowsRecord& knows) {
  PlaceChoice choice;
  const SamePath setting = setup.settings.same_path;
  if (setting == SamePath::off || !command.is_go || setup.is_inside_same_path) return choice;
  const SamePathCommand asked = command_of(setup, command, env);
  auto reason = gotool::why_not_by_command(asked);
  if (!reason && restore) reason = "in restore mode go reads its cache by itself";
  if (!reason) reason = why_not_these_variables(env);
  const std::string module = reason ? "" : module_name(env, setup.working_directory);
  const sys::Path shown = asked.root / gotool::k_same_path_checkout;
  const sys::Path shown_modules = asked.root / gotool::k_same_path_modules;
  const Records records{agent::place_record(module),
                        agent::place_record(module, asked.checkout, asked.module_cache),
                        agent::place_record(module, shown, shown_modules)};
  if (!reason && setting == SamePath::automatic && !is_elsewhere(records, knows)) {
    choice.records = agent::encode_place_records({records.any, records.here});
    return choice;
  }
  if (!reason) reason = gotool::why_not_by_files(asked, files_of(setup, asked, env));
  if (reason) {
    sys::log_debug("same-path: go runs where it is: {}", *reason);
    const bool is_asked_for = setting == SamePath::always && gotool::takes_same_path(asked.words);
    if (is_asked_for) choice.note = "same-path: go runs where it is: " + *reason;
    return choice;
  }
  // go would make them, too; inside of what is covered it could not.
  for (const sys::Path& needed : {asked.module_cache, setup.config.local_tier}) {
    [[maybe_unused]] const auto tried_below = sys::make_directories(needed);
  }
  Place place{asked.root, asked.checkout, asked.module_cache, shown};
  const sys::Path below = asked.started_in.lexically_relative(asked.checkout);
  if (below != ".") place.directory /= below;
  if (const std::string refused = try_place(setup, place, env); !refused.empty()) {
    choice.note = refusal(setup, place, refused);
    return choice;
  }
  choice.place = std::move(place);
  choice.records = agent::encode_place_records({records.any, records.constant});
  return choice;
}

Command at_place(const Setup& setup, const Place& place, const Command& command,
                 sys::Environment& job) {
  pass_trust(setup, place, job);
  job.set("PWD", place.directory.native());
  job.set("GOMODCACHE", (place.root / gotool::k_same_path_modules).native());
  Command moved = command;
  moved.program = setup.executable;
  moved.arguments = words_of(place);
  moved.arguments.push_back(place.directory.native());
  moved.arguments.push_back(command.program.native());
  moved.arguments.insert(moved.arguments.end(), command.arguments.begin(), command.arguments.end());
  return moved;
}

int run_at_same_path(const std::vector<std::string>& words, const sys::Environment& env) {
  constexpr std::size_t k_trial_words = 3;
  constexpr std::size_t k_command_words = 6;  // with the command's own name
  const bool is_trial = words.size() == k_trial_words;
  if (!is_trial && words.size() < k_command_words) {
    return report(Error{Code::invalid, "at-same-path: for sluice itself only"});
  }
  auto done = sys::show_at(words[0], {{std::string(gotool::k_same_path_checkout), words[1]},
                                      {std::string(gotool::k_same_path_modules), words[2]}});
  if (is_trial) {
    if (!done) print(done.error().message + "\n");
    return done ? 0 : k_exit_failure;
  }
  const std::vector<std::string> arguments(words.begin() + 5, words.end());
  std::error_code error;
  if (done) std::filesystem::current_path(words[3], error);
  if (done && error) done = fail(Code::io, words[3] + ": " + error.message());
  if (!done) {
    say("same-path: " + done.error().message);
    return report_not_started(sys::exec(words[4], arguments, where_it_is(env, words[2])));
  }
  return report_not_started(sys::exec(words[4], arguments, env));
}

}  // namespace sluice::cli
