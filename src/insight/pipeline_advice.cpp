#include "insight/pipeline_advice.hpp"

#include "base/strings.hpp"
#include "gotool/go_version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

namespace sluice::insight {
namespace {

constexpr std::string_view k_touch_restored =
    "d=$(go env GOCACHE); rm -f \"$d/trim.txt\"; find \"$d\" -type f -exec touch {} +"
    "  # right after the restore; with sluice no such cache is needed";

// Another value in each run, or for each runner's slot.
constexpr std::array<std::string_view, 16> k_per_run = {
    "github.run_id",   "github.run_number", "github.run_attempt",  "github.sha",
    "GITHUB_RUN_ID",   "GITHUB_RUN_NUMBER", "GITHUB_SHA",          "CI_JOB_ID",
    "CI_PIPELINE_IID", "CI_PIPELINE_ID",    "CI_COMMIT_SHORT_SHA", "CI_COMMIT_SHA",
    "BUILD_NUMBER",    "BUILD_ID",          "BUILD_TAG",           "GIT_COMMIT"};
constexpr std::array<std::string_view, 5> k_per_slot = {
    "CI_CONCURRENT_ID", "CI_CONCURRENT_PROJECT_ID", "EXECUTOR_NUMBER", "runner.name",
    "RUNNER_NAME"};

std::string first_in(std::string_view text, std::span<const std::string_view> parts) {
  for (const std::string_view part : parts) {
    if (text.find(part) != std::string_view::npos) return std::string(part);
  }
  return {};
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string words_of(const PlacedCommand& placed) {
  std::string text;
  for (const ShellWord& word : placed.command.words) {
    text += (text.empty() ? "" : " ") + word.value;
  }
  return text;
}

std::string_view program_of(const PlacedCommand& placed) {
  if (placed.command.words.empty()) return {};
  const std::string_view name = placed.command.words[0].value;
  return name.substr(name.rfind('/') + 1);
}

bool any_mentions(const Examined& examined, const std::string& job, std::string_view part) {
  return std::ranges::any_of(examined.commands, [&](const PlacedCommand& placed) {
    return placed.job == job && has(words_of(placed), part);
  });
}

bool is_go_cache(const Examined& examined, std::string_view path) {
  if (path.starts_with('!')) return false;
  if (has(path, "go-build") || has(to_lower(path), "gocache")) return true;
  return std::ranges::any_of(examined.variables, [&](const Variable& set) {
    return set.name == "GOCACHE" && !set.value.empty() &&
           (set.value == path || set.value.ends_with("/" + std::string(path)));
  });
}

unsigned major_of(std::string_view version) {
  if (version.starts_with('v')) version.remove_prefix(1);
  return parse_int<unsigned>(version.substr(0, version.find('.'))).value_or(0);
}

void advise_on_cached_paths(const Examined& examined, std::vector<Finding>& found) {
  for (const CachedPath& cached : examined.pipeline.cached) {
    if (!is_go_cache(examined, cached.path) || any_mentions(examined, cached.job, "trim.txt")) {
      continue;
    }
    const bool leaves_it_out =
        std::ranges::any_of(examined.pipeline.cached, [&](const CachedPath& other) {
          return other.job == cached.job && other.path.starts_with('!') &&
                 other.path.ends_with("trim.txt");
        });
    if (leaves_it_out) continue;
    found.push_back(examined.finding(
        "cached-trim-txt", Severity::may_miss, cached.line,
        fmt::format("{} is saved and restored as a whole", printable(cached.path, 100)),
        std::string(k_touch_restored)));
  }
}

void advise_on_setup_go(const Examined& examined, const Use& use, const ModuleFacts& module,
                        std::vector<Finding>& found) {
  const Variable* cache = find_variable(use.inputs, "cache");
  const unsigned major = major_of(use.version);
  // Before v4 only when asked to; a commit in place of a version is taken for a new one.
  const bool caches = cache != nullptr ? cache->value == "true" : major == 0 || major >= 4;
  const bool is_hash = use.version.size() == 40;
  if (!caches || (major == 0 && !is_hash) || (!module.file.empty() && !module.has_go_sum)) return;
  found.push_back(examined.finding("setup-go-cache", Severity::may_miss,
                                   cache != nullptr ? cache->line : use.line,
                                   fmt::format("actions/setup-go caches GOCACHE{}",
                                               cache == nullptr ? " unless told not to" : ""),
                                   "cache: false  # below with:, and sluice go in place of go"));
}

void advise_on_key(const Examined& examined, const CacheKey& key, std::vector<Finding>& found) {
  const auto is_of_go = [&](const std::string& path) { return is_go_cache(examined, path); };
  const std::string part = first_in(key.text, k_per_run);
  if (part.empty() || key.has_fallback || std::ranges::none_of(key.paths, is_of_go)) return;
  const bool is_gitlab = examined.pipeline.kind == FileKind::gitlab;
  std::string fix;
  if (is_gitlab) {
    // GitLab looks for whole keys only: a beginning, as restore-keys are, finds nothing.
    fix = "key: " + key.text;
    fix.replace(fix.find(part), part.size(), "CI_COMMIT_REF_SLUG");
  } else {
    fix = "restore-keys: " + key.text.substr(0, key.text.find("${{"));
  }
  found.push_back(examined.finding("cache-key-per-run", Severity::miss, key.line,
                                   fmt::format("the key has {} and there are no {}", part,
                                               is_gitlab ? "fallback_keys" : "restore-keys"),
                                   printable(fix, 120)));
}

void advise_on_paths(const Examined& examined, std::vector<Finding>& found) {
  const bool has_bare_build = std::ranges::any_of(examined.uses, [](const GoUse& use) {
    return (use.subcommand == "build" || use.subcommand == "test" || use.subcommand == "vet" ||
            use.subcommand == "install") &&
           !use.is_on("trimpath");
  });
  if (!has_bare_build) return;
  const std::string fix = setting_line(examined.pipeline.kind, "GOFLAGS", "-trimpath");
  for (const Said& path : examined.pipeline.checkout_paths) {
    const std::string run = first_in(path.text, k_per_run);
    const std::string slot = first_in(path.text, k_per_slot);
    if (run.empty() && slot.empty()) continue;
    found.push_back(examined.finding(
        "moving-checkout", run.empty() ? Severity::may_miss : Severity::miss, path.line,
        fmt::format("the checkout's path has {} in it, and go builds without -trimpath",
                    run.empty() ? slot : run),
        fix));
  }
  for (const PlacedCommand& placed : examined.commands) {
    const std::string text = words_of(placed);
    if (!has(text, "mktemp")) continue;
    const bool goes_there =
        text.starts_with("git clone") || text.starts_with("git worktree add") ||
        (program_of(placed) == "cd" && any_mentions(examined, placed.job, "git clone"));
    if (!goes_there) continue;
    found.push_back(examined.finding("moving-checkout", Severity::may_miss, placed.command.line,
                                     "a new directory in each run, and go without -trimpath", fix));
  }
}

// A git command that needs more of the history than a clone of this depth has.
std::string_view history_command(const PlacedCommand& placed, std::uint64_t depth) {
  if (program_of(placed) != "git") return {};
  constexpr std::array<std::string_view, 3> k_commands = {"describe", "rev-list", "merge-base"};
  for (const ShellWord& word : placed.command.words) {
    for (const std::string_view command : k_commands) {
      if (word.value == command) return command;
    }
    const bool is_parent = word.value.starts_with("HEAD^") || word.value.starts_with("HEAD~");
    if (is_parent && depth == 1) return "HEAD^";
  }
  return {};
}

std::vector<Clone> clones_of(const Examined& examined) {
  std::vector<Clone> clones = examined.pipeline.clones;
  for (const PlacedCommand& placed : examined.commands) {
    const auto& words = placed.command.words;
    if (words.size() < 3 || words[0].value != "git" ||
        (words[1].value != "clone" && words[1].value != "fetch")) {
      continue;
    }
    for (std::size_t i = 2; i < words.size(); ++i) {
      std::string_view text = words[i].value;
      if (!text.starts_with("--depth")) continue;
      text.remove_prefix(std::string_view("--depth").size());
      if (text.starts_with('=')) text.remove_prefix(1);
      if (text.empty() && i + 1 < words.size()) text = words[i + 1].value;
      if (const auto depth = parse_int<std::uint64_t>(text)) {
        clones.push_back({placed.job, *depth, words[i].line, true});
      }
    }
  }
  return clones;
}

bool is_job_of(const Clone& clone, const std::string& job) {
  return clone.job.empty() || clone.job == job;
}

void advise_on_clone(const Examined& examined, const Clone& clone, std::vector<Finding>& found) {
  if (clone.depth == 0) return;
  for (const PlacedCommand& placed : examined.commands) {
    if (!is_job_of(clone, placed.job)) continue;
    if (has(words_of(placed), "--unshallow")) return;
  }
  const std::string fix = examined.pipeline.kind == FileKind::github ? "fetch-depth: 0"
                          : examined.pipeline.kind == FileKind::gitlab
                              ? "GIT_DEPTH: 0"
                              : "git fetch --unshallow --tags";
  for (const PlacedCommand& placed : examined.commands) {
    if (!is_job_of(clone, placed.job)) continue;
    const std::string_view command = history_command(placed, clone.depth);
    if (command.empty()) continue;
    Finding finding = examined.finding(
        "clone-depth", Severity::may_miss, clone.line,
        fmt::format("a clone of depth {}{}, and {} in line {}: what is stamped or chosen by it is "
                    "another thing than in a full clone",
                    clone.depth, clone.is_said ? "" : " (the default)", command,
                    placed.command.line),
        fix);
    finding.also.push_back(fmt::format("{}:{}", examined.pipeline.file, placed.command.line));
    found.push_back(std::move(finding));
    return;
  }
  if (clone.is_said) {
    found.push_back(examined.finding("clone-depth", Severity::note, clone.line,
                                     fmt::format("a clone of depth {}", clone.depth),
                                     fix + "  # only where a step asks git for the history"));
  }
}

bool is_sources_text(std::string_view text) {
  return has(text, ".go") || has(text, "go.sum") || has(text, "go.mod") || has(text, "ls-files");
}

// go.mod is touched for the sake of make.
bool is_go_file_text(std::string_view text) { return has(text, ".go") || has(text, "ls-files"); }

// Asks for times or inodes of files.
bool asks_for_times(const PlacedCommand& placed, const std::string& text) {
  const std::string_view program = program_of(placed);
  const auto has_format = [&](std::initializer_list<std::string_view> formats) {
    return std::ranges::any_of(formats, [&](std::string_view one) { return has(text, one); });
  };
  if (program == "stat") return has_format({"%Y", "%i", "%y", "%Z", "%m"});
  if (program == "find") return has(text, "-printf") && has_format({"%T", "%i", "%C"});
  if (program == "ls") return has_format({"ls -i", "ls -li", "ls -il", "ls -lai"});
  return false;
}

void advise_on_time_keys(const Examined& examined, std::vector<Finding>& found) {
  const auto& commands = examined.commands;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const std::string text = words_of(commands[i]);
    if (!asks_for_times(commands[i], text)) continue;
    const bool of_sources =
        is_sources_text(text) || (i > 0 && commands[i - 1].job == commands[i].job &&
                                  is_sources_text(words_of(commands[i - 1])));
    if (!of_sources) continue;
    bool makes_key = false;
    for (std::size_t j = i; j < std::min(i + 6, commands.size()); ++j) {
      const std::string_view program = program_of(commands[j]);
      makes_key = makes_key || program.ends_with("sum") || program == "shasum";
      for (const std::string& file : commands[j].command.outputs) {
        makes_key = makes_key || has(file, "GITHUB_OUTPUT") || has(file, "GITHUB_ENV");
      }
    }
    found.push_back(examined.finding(
        "cache-key-source-times", makes_key ? Severity::may_miss : Severity::note,
        commands[i].command.line,
        fmt::format("{} asks for times or inodes of sources{}", program_of(commands[i]),
                    makes_key ? ", and a key is made of them" : ""),
        "git rev-parse HEAD^{tree}  # a key made of contents"));
  }
}

bool is_restore_mtime(std::string_view text) {
  return has(text, "git-restore-mtime") || has(text, "git restore-mtime") ||
         has(text, "restore-mtime-action");
}

void advise_on_restore_mtime(const Examined& examined, const std::string& job, std::uint32_t line,
                             std::vector<Finding>& found) {
  bool is_shallow = examined.pipeline.kind == FileKind::gitlab;  // 20 commits by default
  for (const Clone& clone : clones_of(examined)) {
    if (is_job_of(clone, job)) is_shallow = clone.depth > 0;
  }
  if (is_shallow && !any_mentions(examined, job, "--unshallow")) {
    found.push_back(examined.finding("restore-mtime-shallow", Severity::may_miss, line,
                                     "times of last commits, in a clone without its history",
                                     "sluice go test ./...  # in place of it; contents decide"));
    return;
  }
  found.push_back(examined.finding("source-times", Severity::note, line,
                                   "files get the times of their last commits",
                                   "sluice go test ./...  # in place of it; contents decide"));
}

void advise_on_times(const Examined& examined, std::vector<Finding>& found) {
  for (const Use& use : examined.pipeline.uses) {
    if (is_restore_mtime(use.action)) advise_on_restore_mtime(examined, use.job, use.line, found);
  }
  std::string before;  // `git ls-files '*.go' | xargs touch`
  for (const PlacedCommand& placed : examined.commands) {
    const std::string text = words_of(placed);
    const std::string with_before = std::exchange(before, text) + " " + text;
    const std::string_view program = program_of(placed);
    if (is_restore_mtime(text) && program != "apt-get" && program != "apt" && program != "pip" &&
        program != "pip3" && program != "curl" && program != "echo") {
      advise_on_restore_mtime(examined, placed.job, placed.command.line, found);
    } else if ((program == "touch" && is_go_file_text(with_before)) ||
               (program == "find" && has(text, "-exec touch") && is_go_file_text(text))) {
      found.push_back(examined.finding("source-times", Severity::note, placed.command.line,
                                       "sources get other times",
                                       "sluice go test ./...  # in place of it; contents decide"));
    }
  }
}

void advise_on_etags(const Examined& examined, std::vector<Finding>& found) {
  const PlacedCommand* etag = nullptr;
  const PlacedCommand* sum = nullptr;
  for (const PlacedCommand& placed : examined.commands) {
    std::string text = words_of(placed);
    for (const Variable& set : placed.command.assignments) text += " " + set.name + "=" + set.value;
    const std::string_view program = program_of(placed);
    if (etag == nullptr && has(to_lower(text), "etag")) etag = &placed;
    const bool is_sum =
        program == "md5sum" || program == "md5" || (program == "openssl" && has(text, "md5"));
    if (sum == nullptr && is_sum) sum = &placed;
  }
  if (etag == nullptr || sum == nullptr || etag->job != sum->job) return;
  Finding finding = examined.finding(
      "etag-not-md5", Severity::may_miss, etag->command.line,
      fmt::format("an ETag is read here and an MD5 is made in line {}", sum->command.line),
      "aws s3api head-object --checksum-mode ENABLED --bucket B --key K "
      "--query ChecksumSHA256");
  finding.also.push_back(fmt::format("{}:{}", examined.pipeline.file, sum->command.line));
  found.push_back(std::move(finding));
}

void advise_on_traces(const Examined& examined, std::vector<Finding>& found) {
  const auto reads_trace = [](const GoUse& use) {
    return use.subcommand == "tool" && !use.packages.empty() && use.packages[0] == "trace";
  };
  const auto reader = std::ranges::find_if(examined.uses, reads_trace);
  if (reader == examined.uses.end()) return;
  for (const GoUse& use : examined.uses) {
    const GoFlag* gcflags = use.flag("gcflags");
    if (use.subcommand != "run" || gcflags == nullptr || gcflags->value != "-l") continue;
    Finding finding = examined.finding(
        "run-without-trace", Severity::note, use.line,
        fmt::format("go run -gcflags=-l, and go tool trace in line {}", reader->line),
        "go test -trace=trace.out .  # or runtime/trace.Start in the program");
    finding.also.push_back(fmt::format("{}:{}", examined.pipeline.file, reader->line));
    found.push_back(std::move(finding));
  }
}

// "golang:1.25-alpine" -> "1.25"; "" without a version; nothing for another image.
std::optional<std::string> go_version_of_image(std::string_view image) {
  image = image.substr(0, image.find('@'));
  image = image.substr(image.rfind('/') + 1);
  const auto colon = image.find(':');
  if (image.substr(0, colon) != "golang") return std::nullopt;
  if (colon == std::string_view::npos) return "";
  const std::string_view tag = image.substr(colon + 1);
  if (tag.find('$') != std::string_view::npos) return std::nullopt;
  const std::string_view version = tag.substr(0, tag.find('-'));
  return std::string(gotool::is_go_version(version) && version != "1" ? version : "");
}

// The same image of one release.
std::string fixed_image(FileKind kind, std::string_view image, const ModuleFacts& module) {
  const auto colon = image.find(':', image.rfind('/') + 1);
  const std::string_view tag =
      colon == std::string_view::npos ? std::string_view() : image.substr(colon + 1);
  const auto dash = tag.find('-');
  const std::string fixed =
      fmt::format("{}:{}{}", image.substr(0, colon), module.is_exact() ? module.wanted() : "1.N.M",
                  dash == std::string_view::npos ? std::string_view() : tag.substr(dash));
  const std::string line = kind == FileKind::jenkins ? fmt::format("image '{}'", fixed)
                                                     : fmt::format("image: {}", fixed);
  return module.is_exact() ? line : line + "  # one release, as go version says it";
}

void advise_on_version(const Examined& examined, std::uint32_t line, std::string_view said,
                       std::string_view version, std::string fix, const ModuleFacts& module,
                       std::vector<Finding>& found) {
  if (const auto drift = drift_of(version, module)) {
    Finding finding = examined.finding("toolchain-drift", drift->severity, line,
                                       fmt::format("{}, and {}", printable(said, 80), drift->what),
                                       std::move(fix));
    finding.also.push_back(module.place());
    found.push_back(std::move(finding));
    return;
  }
  const bool is_release = gotool::is_go_version(version) && !gotool::is_language_version(version);
  if (is_release) return;
  found.push_back(examined.finding(
      "toolchain-moves", gotool::is_language_version(version) ? Severity::note : Severity::may_miss,
      line, fmt::format("{} names no release of go", printable(said, 80)), std::move(fix)));
}

}  // namespace

std::string ModuleFacts::wanted() const {
  const std::string named = gotool::version_of_toolchain(toolchain);
  return gotool::compare_go_versions(named, go) > 0 ? named : go;
}

bool ModuleFacts::is_exact() const {
  // `go mod tidy` writes 1.24.0 where it means 1.24.
  const std::string version = wanted();
  return gotool::is_go_version(version) && !gotool::is_language_version(version) &&
         (version != go || !version.ends_with(".0"));
}

std::string ModuleFacts::place() const {
  return fmt::format("{}:{}", file, wanted() == go ? go_line : toolchain_line);
}

ModuleFacts module_facts(std::string_view go_mod, std::string_view file) {
  ModuleFacts facts;
  facts.file = file;
  std::uint32_t number = 0;
  for (std::string_view line : split(go_mod, '\n')) {
    ++number;
    line = trim(line.substr(0, line.find("//")));
    const auto blank = line.find_first_of(" \t");
    if (blank == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, blank);
    const std::string_view value = trim(line.substr(blank));
    if (key == "go" && facts.go_line == 0 && gotool::is_go_version(value)) {
      facts.go = value;
      facts.go_line = number;
    } else if (key == "toolchain" && facts.toolchain_line == 0) {
      facts.toolchain = value;
      facts.toolchain_line = number;
    }
  }
  return facts;
}

std::optional<Drift> drift_of(std::string_view version, const ModuleFacts& module) {
  const std::string wanted = module.wanted();
  // Before 1.21 go switched to no other toolchain, and the lines bound nobody.
  const auto is_new = [](std::string_view text) {
    return gotool::is_go_version(text) && gotool::compare_go_versions(text, "1.21") >= 0;
  };
  if (!is_new(wanted) || !is_new(version)) return std::nullopt;
  const bool by_toolchain = wanted != module.go;
  const std::string place =
      fmt::format("the {} line of {}", by_toolchain ? "toolchain" : "go", module.file);
  // A version without a patch stands for the newest release of its minor one.
  const bool is_language = gotool::is_language_version(version);
  const int order = is_language ? gotool::minor_of(version) - gotool::minor_of(wanted)
                                : gotool::compare_go_versions(version, wanted);
  if (order < 0) {
    return Drift{Severity::may_miss,
                 fmt::format("{} wants {}: go gets that one in every job first, or fails with "
                             "GOTOOLCHAIN=local",
                             place, wanted)};
  }
  if (order == 0 || !module.is_exact()) return std::nullopt;
  // Both lines are a minimum, but a toolchain is named to be used.
  return Drift{by_toolchain ? Severity::may_miss : Severity::note,
               fmt::format("{} names {}: machines with that one share nothing", place, wanted)};
}

std::vector<Finding> advise_on_caches(const Examined& examined, const ModuleFacts& module) {
  std::vector<Finding> found;
  advise_on_cached_paths(examined, found);
  for (const Use& use : examined.pipeline.uses) {
    if (use.action == "actions/setup-go") advise_on_setup_go(examined, use, module, found);
  }
  for (const CacheKey& key : examined.pipeline.cache_keys) advise_on_key(examined, key, found);
  return found;
}

std::vector<Finding> advise_on_checkouts(const Examined& examined) {
  std::vector<Finding> found;
  advise_on_paths(examined, found);
  for (const Clone& clone : clones_of(examined)) advise_on_clone(examined, clone, found);
  return found;
}

std::vector<Finding> advise_on_toolchains(const Examined& examined, const ModuleFacts& module) {
  std::vector<Finding> found;
  for (const Use& use : examined.pipeline.uses) {
    if (use.action != "actions/setup-go") continue;
    const std::string fix = "go-version-file: go.mod";
    if (find_variable(use.inputs, "go-version-file") != nullptr) continue;
    const Variable* version = find_variable(use.inputs, "go-version");
    if (version == nullptr) {
      found.push_back(examined.finding("toolchain-moves", Severity::may_miss, use.line,
                                       "actions/setup-go without a version takes the go that the "
                                       "runner's image has",
                                       fix));
      continue;
    }
    if (has(version->value, "${{")) continue;
    std::string_view text = trim(version->value);
    if (text.starts_with('v')) text.remove_prefix(1);
    if (text.ends_with(".x")) text.remove_suffix(2);
    if (text == "1") text = {};  // any release
    if (text.starts_with('~')) text = text.substr(1, text.find('.', text.find('.') + 1) - 1);
    advise_on_version(examined, version->line, fmt::format("go-version: {}", version->value), text,
                      fix, module, found);
  }
  for (const Said& image : examined.pipeline.images) {
    const auto version = go_version_of_image(image.text);
    if (!version) continue;
    advise_on_version(examined, image.line, image.text, *version,
                      fixed_image(examined.pipeline.kind, image.text, module), module, found);
  }
  return found;
}

std::vector<Finding> advise_on_wrong_pages(const Examined& examined) {
  std::vector<Finding> found;
  advise_on_time_keys(examined, found);
  advise_on_times(examined, found);
  advise_on_etags(examined, found);
  advise_on_traces(examined, found);
  return found;
}

std::vector<Finding> advise(const Pipeline& pipeline, const ModuleFacts& module) {
  const Examined examined(pipeline);
  std::vector<Finding> all;
  std::array parts = {advise_on_commands(examined),    advise_on_variables(examined),
                      advise_on_differences(examined), advise_on_caches(examined, module),
                      advise_on_checkouts(examined),   advise_on_toolchains(examined, module),
                      advise_on_wrong_pages(examined)};
  for (std::vector<Finding>& part : parts) std::ranges::move(part, std::back_inserter(all));
  for (Finding& finding : all) {
    for (const Variable& call : pipeline.calls) {
      const auto at = finding.fix.find(call.value);
      if (at == std::string::npos) continue;
      finding.fix.replace(at, call.value.size(), fmt::format("$({})", call.name));
    }
  }
  put_in_order(all);
  return all;
}

}  // namespace sluice::insight
