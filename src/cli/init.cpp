#include "cli/init.hpp"

#include "agent/job.hpp"
#include "base/strings.hpp"
#include "cli/output.hpp"
#include "cli/setup.hpp"
#include "codec/json.hpp"
#include "codec/yaml.hpp"
#include "insight/setup_check.hpp"
#include "insight/setup_github.hpp"
#include "insight/setup_gitlab.hpp"
#include "insight/setup_jenkins.hpp"
#include "insight/setup_script.hpp"
#include "insight/text_patch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace sluice::cli {

namespace {

using codec::Json;
using insight::Hook;
using insight::SetupPlan;

constexpr std::uint32_t k_new_mode = 0755;  // a hook is executed
constexpr std::uint32_t k_mode_bits = 07777;

using Planner = std::function<Result<SetupPlan>(std::string_view text, std::string_view file)>;

Result<std::string> read_text(const sys::Path& path, std::string_view name) {
  TRY_ASSIGN(const auto bytes, sys::read_file(path, codec::k_yaml_size_max));
  if (!bytes) return fail(Code::invalid, fmt::format("{}: there is no such file", name));
  return std::string(text_of(*bytes));
}

// What is there with what it lacks. Planned again, nothing may be left to do.
Result<FileChange> change_of(const sys::Path& path, std::string name, const Planner& plan) {
  FileChange change;
  change.path = path;
  change.name = std::move(name);
  TRY_ASSIGN(change.before, read_text(path, change.name));
  TRY_ASSIGN(SetupPlan planned, plan(change.before, change.name));
  change.has_jobs = planned.jobs > 0;
  change.jobs_elsewhere = std::move(planned.jobs_elsewhere);
  change.after = insight::with_insertions(change.before, std::move(planned.insertions));
  if (!change.is_change()) return change;
  const auto again = plan(change.after, change.name);
  if (!again || !again->insertions.empty()) {
    return fail(Code::invalid, fmt::format("{}: it is written in a form that is not changed here: "
                                           "put 'sluice ci begin' and 'sluice ci end' in by hand",
                                           change.name));
  }
  return change;
}

Result<FileChange> yaml_change_of(const sys::Path& path, std::string name, std::string_view action,
                                  const Planner& plan) {
  TRY_ASSIGN(FileChange change, change_of(path, std::move(name), plan));
  TRY_ASSIGN(const bool is_same,
             insight::says_the_same(change.before, change.after, change.name, action));
  if (is_same) return change;
  return fail(Code::invalid, fmt::format("{}: it cannot be changed without saying something else: "
                                         "put 'sluice ci begin' and 'sluice ci end' in by hand",
                                         change.name));
}

Result<FileChange> hook_change(const sys::Path& root, Hook hook) {
  const std::string name =
      hook == Hook::pre_command ? ".buildkite/hooks/pre-command" : ".buildkite/hooks/pre-exit";
  TRY_ASSIGN(const auto info, sys::stat_file(root / name));
  if (info) {
    return change_of(root / name, name, [hook](std::string_view text, std::string_view file) {
      return insight::plan_hook(text, file, hook);
    });
  }
  return FileChange{name, root / name, "", insight::new_hook(hook), true, true};
}

// Of the checkout, by name.
Result<std::vector<std::string>> workflows(const sys::Path& root) {
  constexpr std::string_view k_directory = ".github/workflows";
  std::vector<std::string> names;
  const auto listed =
      sys::list_directory(root / k_directory, [&](std::string_view name) -> Result<void> {
        if (name.ends_with(".yml") || name.ends_with(".yaml")) {
          names.push_back(fmt::format("{}/{}", k_directory, name));
        }
        return {};
      });
  if (!listed || names.empty()) {
    return fail(Code::invalid,
                fmt::format("no workflow in {}; --file names one", (root / k_directory).native()));
  }
  std::ranges::sort(names);
  return names;
}

Result<std::vector<FileChange>> plan_workflows(std::string_view file, std::string_view action,
                                               const sys::Path& directory, const sys::Path& root) {
  const Planner plan = [action](std::string_view text, std::string_view name) {
    return insight::plan_github(text, name, action);
  };
  std::vector<FileChange> changes;
  std::vector<std::string> names = {std::string(file)};
  if (file.empty()) {
    TRY_ASSIGN(names, workflows(root));
  }
  for (const std::string& name : names) {
    const sys::Path path = file.empty() ? root / name : directory / name;
    TRY_ASSIGN(FileChange change, yaml_change_of(path, name, action, plan));
    changes.push_back(std::move(change));
  }
  return changes;
}

void print_changes(const Invocation& invocation, const std::vector<FileChange>& changes,
                   bool written, bool expects_sluice) {
  std::string diffs;
  codec::JsonArray files;
  for (const FileChange& change : changes) {
    const std::string diff =
        insight::unified_diff(change.name, change.before, change.after, change.is_new);
    diffs += diff;
    files.emplace_back(codec::JsonObject{{"file", change.name},
                                         {"changed", change.is_change()},
                                         {"new", change.is_new},
                                         {"diff", diff}});
  }
  if (!invocation.has("json")) return print(diffs);
  print(Json(codec::JsonObject{{"system", invocation.operand},
                               {"written", written},
                               {"expects_sluice_in_path", expects_sluice},
                               {"files", std::move(files)}})
            .dump() +
        "\n");
}

Result<void> write_change(const FileChange& change) {
  if (change.is_new) {
    TRY(sys::make_directories(change.path.parent_path()));
    return sys::write_file_atomic(change.path, bytes_of(change.after), k_new_mode);
  }
  // A link goes on to be one.
  std::error_code error;
  const sys::Path real = std::filesystem::canonical(change.path, error);
  const sys::Path& path = error ? change.path : real;
  TRY_ASSIGN(const auto info, sys::stat_file(path));
  return sys::write_file_atomic(path, bytes_of(change.after),
                                info ? info->mode & k_mode_bits : 0644U);
}

std::string outcome_line(const std::vector<FileChange>& changes, bool write) {
  const auto count = std::ranges::count_if(changes, &FileChange::is_change);
  if (count > 0) {
    return write ? fmt::format("init: {} {} changed", count, count == 1 ? "file" : "files")
                 : std::string("init: nothing is changed yet; --write does it");
  }
  if (std::ranges::none_of(changes, &FileChange::has_jobs)) {
    return "init: no job of it starts go on Linux: nothing to change";
  }
  return "init: it is all there: nothing to change";
}

}  // namespace

bool is_action(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '/';
  };
  if (text == "./" || text.starts_with("./")) return std::ranges::all_of(text, is_letter);
  const auto at = text.find('@');
  if (at == std::string_view::npos) return false;
  const std::string_view name = text.substr(0, at);
  const std::string_view reference = text.substr(at + 1);
  const auto slash = name.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < name.size() &&
         !reference.empty() && std::ranges::all_of(name, is_letter) &&
         std::ranges::all_of(reference, is_letter);
}

Result<std::vector<FileChange>> plan_changes(std::string_view system, std::string_view file,
                                             std::string_view action, const sys::Path& directory) {
  const sys::Path root = agent::checkout_root(directory);
  if (system == "github") return plan_workflows(file, action, directory, root);
  std::vector<FileChange> changes;
  const auto one = [&](std::string_view fallback) {
    const std::string name(file.empty() ? fallback : file);
    return std::pair(file.empty() ? root / name : directory / name, name);
  };
  if (system == "gitlab") {
    const auto [path, name] = one(".gitlab-ci.yml");
    TRY_ASSIGN(FileChange change, yaml_change_of(path, name, "", insight::plan_gitlab));
    changes.push_back(std::move(change));
  } else if (system == "jenkins") {
    const auto [path, name] = one("Jenkinsfile");
    TRY_ASSIGN(FileChange change, change_of(path, name, insight::plan_jenkins));
    changes.push_back(std::move(change));
  } else if (system == "buildkite") {
    for (const Hook hook : {Hook::pre_command, Hook::pre_exit}) {
      TRY_ASSIGN(FileChange change, hook_change(root, hook));
      changes.push_back(std::move(change));
    }
  } else {
    const auto [path, name] = one("");
    TRY_ASSIGN(FileChange change, change_of(path, name, insight::plan_script));
    changes.push_back(std::move(change));
  }
  return changes;
}

int run_init(const Invocation& invocation, const sys::Environment&) {
  const std::string& system = invocation.operand;
  const std::string file = invocation.option_or("file", "");
  const std::string action = invocation.option_or("action", "");
  const auto refuse = [](std::string text) {
    return report(Error{Code::invalid, std::move(text)});
  };
  if (invocation.has("action") && system != "github") {
    return refuse("init: --action is of 'init github'");
  }
  if (invocation.has("action") && !is_action(action)) {
    return refuse(fmt::format("init: --action: '{}' is no OWNER/REPO@REF", printable(action, 120)));
  }
  if (system == "buildkite" && invocation.has("file")) {
    return refuse(
        "init buildkite: it changes .buildkite/hooks/pre-command and pre-exit: no --file");
  }
  if (system == "generic" && file.empty()) {
    return refuse("init generic: --file names the shell script that is the job");
  }
  const auto changes = plan_changes(system, file, action, current_directory());
  if (!changes) return report(Error(changes.error()).in("init " + system));
  const bool write = invocation.has("write");
  const bool has_change = std::ranges::any_of(*changes, &FileChange::is_change);
  for (const FileChange& change : *changes) {
    if (!write || !change.is_change()) continue;
    if (const auto written = write_change(change); !written) return report(written.error());
  }
  print_changes(invocation, *changes, write && has_change, action.empty());
  for (const FileChange& change : *changes) {
    if (change.jobs_elsewhere.empty()) continue;
    say(fmt::format("init: {}: not on Linux, and left as it is: {}", change.name,
                    printable(join(change.jobs_elsewhere, ", "))));
  }
  say(outcome_line(*changes, write));
  if (has_change && action.empty()) {
    say(system == "github" ? "init: the steps expect sluice in PATH; with --action OWNER/REPO@REF "
                             "an action brings it"
                           : "init: the jobs expect sluice in PATH");
  }
  return 0;
}

}  // namespace sluice::cli
