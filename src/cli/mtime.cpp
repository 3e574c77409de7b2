#include "cli/mtime.hpp"

#include "base/strings.hpp"
#include "cli/output.hpp"
#include "cli/setup.hpp"
#include "codec/json.hpp"
#include "gotool/content_times.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_set>
#include <utility>

namespace sluice::cli {
namespace {

constexpr std::chrono::milliseconds k_git_timeout{600'000};  // a large checkout is hashed once
constexpr std::size_t k_listing_max = std::size_t{512} << 20U;
constexpr std::size_t k_paths_at_once = 500;

class Git {
 public:
  Git(sys::Path program, const sys::Environment& env, sys::Path directory)
      : program_(std::move(program)), env_(env), directory_(std::move(directory)) {
    // Looking must not rewrite .git/index.
    env_.set("GIT_OPTIONAL_LOCKS", "0");
  }

  Result<std::string> ask(std::vector<std::string> words) const {
    sys::SpawnOptions options;
    options.program = program_;
    options.arguments = {"git"};
    std::ranges::move(words, std::back_inserter(options.arguments));
    options.environment = env_;
    options.working_directory = directory_;
    TRY_ASSIGN(const auto captured,
               sys::run_captured(options, Deadline::after(k_git_timeout), k_listing_max));
    if (captured.status.success()) return captured.output;
    return fail(Code::invalid, fmt::format("git {} ended with {} in {}", options.arguments.at(1),
                                           captured.status.shell_code(), directory_.native()));
  }

 private:
  sys::Path program_;
  sys::Environment env_;
  sys::Path directory_;
};

// Names what is in the files that look other than in git's index, by their content of now. Their
// times are enough for that, and this command itself changes them.
Result<void> hash_touched(const Git& git, std::vector<gotool::TrackedFile>& files,
                          MtimeOutcome& outcome) {
  TRY_ASSIGN(const std::string listing, git.ask({"diff-files", "--name-only", "-z"}));
  const auto names = gotool::parse_names(listing);
  const std::unordered_set<std::string> touched(names.begin(), names.end());
  std::vector<gotool::TrackedFile*> to_hash;
  for (auto& file : files) {
    if (!file.is_link && touched.contains(file.path)) to_hash.push_back(&file);
  }
  for (std::size_t at = 0; at < to_hash.size(); at += k_paths_at_once) {
    const std::size_t end = std::min(at + k_paths_at_once, to_hash.size());
    std::vector<std::string> words = {"hash-object", "--"};
    for (std::size_t i = at; i < end; ++i) words.push_back(to_hash[i]->path);
    TRY_ASSIGN(const std::string output, git.ask(std::move(words)));
    const auto lines = split(output, '\n');
    if (lines.size() < end - at) return fail(Code::corrupt, "git hash-object: lines are missing");
    for (std::size_t i = at; i < end; ++i) {
      if (to_hash[i]->object != lines[i - at]) ++outcome.modified;
      to_hash[i]->object = lines[i - at];
    }
  }
  outcome.hashed = to_hash.size();
  return {};
}

// Sets times below one directory, never through a symbolic link.
class Setter {
 public:
  Setter(sys::Path root, bool dry_run, MtimeOutcome& outcome)
      : root_(std::move(root)), dry_run_(dry_run), outcome_(outcome) {}

  // False when it is not there, is reached through a link, or is no such thing.
  bool set(const std::string& path, UnixNanos time_ns, bool is_directory) {
    if (!is_real_directory(sys::Path(path).parent_path())) return false;
    const sys::Path file = path.empty() ? root_ : root_ / path;
    const auto info = sys::stat_file(file, false);
    if (!info || !*info || (*info)->is_directory() != is_directory) return false;
    if ((*info)->mtime_ns == time_ns) return true;
    if (!dry_run_) {
      if (const auto set = sys::touch_link(file, time_ns); !set) {
        if (outcome_.failures++ == 0) outcome_.first_failure = set.error().message;
        return true;
      }
    }
    ++outcome_.changed;
    return true;
  }

 private:
  bool is_real_directory(const sys::Path& directory) {
    if (directory.empty()) return true;
    const auto [at, is_new] = real_.try_emplace(directory.native(), false);
    if (is_new) {
      const auto info = sys::stat_file(root_ / directory, false);
      const bool real = info && *info && (*info)->is_directory();
      real_[directory.native()] = real && is_real_directory(directory.parent_path());
    }
    return real_[directory.native()];
  }

  sys::Path root_;
  bool dry_run_;
  MtimeOutcome& outcome_;
  std::map<std::string, bool> real_;
};

Result<std::vector<gotool::TrackedFile>> tracked_files(const Git& git, MtimeOutcome& outcome) {
  TRY_ASSIGN(const std::string listing, git.ask({"ls-files", "-s", "-z"}));
  auto files = gotool::parse_tracked(listing);
  // What was removed from the work tree has no content to hash.
  TRY_ASSIGN(const std::string gone, git.ask({"ls-files", "-d", "-z"}));
  const auto names = gotool::parse_names(gone);
  const std::unordered_set<std::string> removed(names.begin(), names.end());
  std::erase_if(files, [&](const auto& file) { return removed.contains(file.path); });
  TRY(hash_touched(git, files, outcome));
  return files;
}

Result<sys::Path> work_tree(const Git& git) {
  auto top = git.ask({"rev-parse", "--show-toplevel"});
  if (!top || trim(*top).empty()) {
    return fail(Code::invalid, "mtime: not in a git work tree; run it in a checkout");
  }
  return sys::Path(trim(*top));
}

Result<MtimeOutcome> set_times(const sys::Path& program, const sys::Environment& env,
                               bool dry_run) {
  TRY_ASSIGN(const sys::Path root, work_tree(Git(program, env, current_directory())));
  const Git git(program, env, root);
  MtimeOutcome outcome;
  TRY_ASSIGN(const auto files, tracked_files(git, outcome));
  TRY_ASSIGN(const std::string others, git.ask({"ls-files", "-o", "-z", "--directory"}));
  Setter setter(root, dry_run, outcome);
  for (const auto& file : files) {
    if (setter.set(file.path, gotool::content_time(file.object), false)) ++outcome.files;
  }
  for (const auto& [path, time_ns] : gotool::directory_times(files, gotool::parse_names(others))) {
    if (setter.set(path, time_ns, true)) ++outcome.directories;
  }
  return outcome;
}

}  // namespace

std::string mtime_json(const MtimeOutcome& outcome, bool dry_run) {
  return codec::Json(codec::JsonObject{
                         {"dry_run", dry_run},
                         {"files", outcome.files},
                         {"directories", outcome.directories},
                         {"changed", outcome.changed},
                         {"hashed", outcome.hashed},
                         {"modified", outcome.modified},
                         {"failures", outcome.failures},
                         {"first_failure", outcome.first_failure},
                     })
             .dump() +
         "\n";
}

std::string mtime_text(const MtimeOutcome& outcome, bool dry_run) {
  std::string text =
      fmt::format("{} files and {} directories; {} {} another time", outcome.files,
                  outcome.directories, outcome.changed, dry_run ? "would get" : "got");
  if (outcome.hashed > 0) {
    text += fmt::format("; {} other than in git's index {} hashed, {} modified",
                        outcome.hashed == 1 ? std::string("1 file that looks")
                                            : fmt::format("{} files that look", outcome.hashed),
                        outcome.hashed == 1 ? "was" : "were",
                        outcome.modified == 0   ? std::string("none is")
                        : outcome.modified == 1 ? std::string("1 is")
                                                : fmt::format("{} are", outcome.modified));
  }
  if (outcome.failures > 0) {
    text += fmt::format("; {} resisted, the first: {}", outcome.failures,
                        printable(outcome.first_failure));
  }
  if (outcome.changed > 0) {
    text +=
        "\nThese times lie between 1980 and 2023 in no order: make and other tools that compare "
        "times may do too much or too little here.";
  }
  return text + "\n";
}

int run_mtime(const Invocation& invocation, const sys::Environment& env) {
  const auto program = sys::find_in_path("git", env);
  if (!program) return report(Error{Code::not_found, "mtime: git: not found in PATH"});
  const bool dry_run = invocation.has("dry-run");
  const auto outcome = set_times(*program, env, dry_run);
  if (!outcome) return report(outcome.error());
  print(invocation.has("json") ? mtime_json(*outcome, dry_run) : mtime_text(*outcome, dry_run));
  return outcome->failures == 0 ? 0 : k_exit_failure;
}

}  // namespace sluice::cli
