#include "insight/live_advice.hpp"

#include "base/strings.hpp"
#include "insight/go_uses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::insight {
namespace {

constexpr UnixNanos k_second_ns = 1'000'000'000;
constexpr UnixNanos k_hour_ns = 3600 * k_second_ns;
// What go's trimming leaves: five days, and the hour between two marks of use (cmd/go/internal/
// cache: trimLimit, mtimeInterval).
constexpr UnixNanos k_go_keeps_ns = 5 * 24 * k_hour_ns + k_hour_ns;
// go writes trim.txt with the time of that moment.
constexpr UnixNanos k_trim_delay_max_ns = 10 * 60 * k_second_ns;
constexpr std::uint64_t k_trim_size_max = 64;
constexpr unsigned k_directories_sampled = 16;
constexpr std::size_t k_entries_max = 20'000;
constexpr std::size_t k_name_length_min = 4;  // of a run's name: "12" stands in many a path

constexpr std::array<std::string_view, 13> k_run_names = {
    "GITHUB_RUN_ID",     "GITHUB_SHA",       "CI_JOB_ID",          "CI_PIPELINE_ID",
    "CI_COMMIT_SHA",     "BUILD_NUMBER",     "BUILD_ID",           "BUILD_TAG",
    "GIT_COMMIT",        "BUILDKITE_JOB_ID", "BUILDKITE_BUILD_ID", "BUILDKITE_COMMIT",
    "CIRCLE_WORKFLOW_ID"};

bool is_letter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Whether the name stands in the path by itself, not as a part of a longer word.
bool stands_in(std::string_view path, std::string_view name) {
  for (auto at = path.find(name); at != std::string_view::npos; at = path.find(name, at + 1)) {
    const bool begins = at == 0 || !is_letter(path[at - 1]);
    const std::size_t end = at + name.size();
    if (begins && (end == path.size() || !is_letter(path[end]))) return true;
  }
  return false;
}

bool is_below(const sys::Path& path, std::string_view directory) {
  if (directory.empty() || directory == "/") return false;
  while (directory.ends_with('/')) directory.remove_suffix(1);
  const std::string& text = path.native();
  return text == directory || text.starts_with(std::string(directory) + "/");
}

Finding finding(std::string_view id, Severity severity, std::string subject, std::string what,
                std::string fix) {
  Finding found;
  found.id = id;
  found.severity = severity;
  found.subject = std::move(subject);
  found.what = std::move(what);
  found.fix = std::move(fix);
  return found;
}

void advise_on_gocache(const EnvironmentFacts& facts, std::vector<Finding>& found) {
  const std::string fix = "export GOCACHE=$HOME/.cache/go-build";
  const std::string path = printable(facts.gocache.native());
  if (facts.file_system && facts.file_system->place != sys::FileSystemPlace::local) {
    const bool is_remote = facts.file_system->place == sys::FileSystemPlace::remote;
    found.push_back(finding(
        "gocache-network-fs", Severity::may_miss, "GOCACHE",
        fmt::format("{} lies on {}{}", path, facts.file_system->name,
                    is_remote ? "" : ", which another process or machine serves"),
        "export GOCACHE=/var/cache/go-build SLUICE_STORE=file:///mnt/ci-cache  # a local disk, "
        "and the shared one as the store"));
  }
  const bool is_temporary = is_below(facts.gocache, "/tmp") ||
                            is_below(facts.gocache, "/var/tmp") ||
                            is_below(facts.gocache, facts.temporary);
  if (!is_temporary) return;
  found.push_back(finding(
      "gocache-in-tmp", facts.gocache_is_said ? Severity::may_miss : Severity::note, "GOCACHE",
      facts.gocache_is_said ? path
                            : fmt::format("{}, because the home or XDG_CACHE_HOME is there", path),
      fix));
}

void advise_on_entries(const EnvironmentFacts& facts, std::vector<Finding>& found) {
  const SampledEntries& entries = facts.entries;
  const std::string subject = printable(facts.gocache.native());
  if (entries.restored_old > 0) {
    found.push_back(finding(
        "restored-old-times", Severity::may_miss, subject,
        fmt::format("{} of {} entries looked at were given a time of more than five days ago",
                    entries.restored_old, entries.seen),
        "find \"$(go env GOCACHE)\" -type f -name '*-[ad]' -exec touch {} +"));
  }
  if (entries.trim_txt_was_restored) {
    found.push_back(finding("cached-trim-txt", Severity::may_miss, subject + "/trim.txt",
                            "the file is younger than the time that it holds: it was restored",
                            "rm -f \"$(go env GOCACHE)/trim.txt\"  # after the restore"));
  }
}

void advise_on_flags(const EnvironmentFacts& facts, std::vector<Finding>& found) {
  for (Finding& one : advise_on_goflags(facts.goflags)) {
    one.subject = "GOFLAGS";
    found.push_back(std::move(one));
  }
  if (!facts.godebug.empty()) {
    const bool verifies = facts.godebug.find("gocacheverify=1") != std::string::npos;
    found.push_back(finding("godebug-set", verifies ? Severity::miss : Severity::may_miss,
                            "GODEBUG", fmt::format("GODEBUG={}", printable(facts.godebug, 100)),
                            std::string(k_unset_godebug)));
  }
}

void advise_on_tests(const EnvironmentFacts& facts, std::vector<Finding>& found) {
  constexpr std::uint32_t k_usual_mask = 022;
  if (facts.file_mode_mask != k_usual_mask) {
    found.push_back(finding("file-mode-mask", Severity::note, "umask",
                            fmt::format("umask {:04o} and not 0022", facts.file_mode_mask),
                            "umask 022"));
  }
  if (!facts.time_zone.empty()) {
    found.push_back(finding("time-zone", Severity::note, "TZ",
                            fmt::format("TZ={}", printable(facts.time_zone, 60)),
                            "sluice go test ./..."));
  }
}

void advise_on_place(const EnvironmentFacts& facts, std::vector<Finding>& found) {
  const std::string& path = facts.checkout.native();
  if (facts.is_shallow) {
    found.push_back(finding("clone-depth", Severity::note, printable(path), "a shallow clone",
                            "git fetch --unshallow --tags  # only where a step asks git for the "
                            "history"));
  }
  const auto flags = flags_of_goflags(facts.goflags, 0);
  if (std::ranges::any_of(
          flags, [](const GoFlag& flag) { return flag.name == "trimpath" && !flag.is_off(); })) {
    return;
  }
  const auto say = [&](const Variable& name, Severity severity) {
    const std::string goflags = facts.goflags.empty() ? "-trimpath" : facts.goflags + " -trimpath";
    found.push_back(finding("moving-checkout", severity, printable(path),
                            fmt::format("the path has the value of {} in it", name.name),
                            "export GOFLAGS=" + quote_word(goflags)));
  };
  for (const Variable& name : facts.run_names) {
    if (name.value.size() >= k_name_length_min && stands_in(path, name.value)) {
      return say(name, Severity::miss);
    }
  }
  for (const Variable& name : facts.slot_names) {
    if (stands_in(path, name.value)) return say(name, Severity::may_miss);
  }
}

void advise_on_toolchain(const EnvironmentFacts& facts, std::vector<Finding>& found) {
  if (facts.go_version.empty() || facts.module.file.empty()) return;
  const std::string fix = fmt::format(
      "export GOTOOLCHAIN=go{}  # in every job, or go get "
      "toolchain@{} here",
      facts.module.wanted(), facts.go_version);
  std::string_view version = facts.go_version;
  version.remove_prefix(version.starts_with("go") ? 2 : 0);
  if (const auto drift = drift_of(version, facts.module)) {
    Finding one = finding("toolchain-drift", drift->severity, "go",
                          fmt::format("{} runs here, and {}", facts.go_version, drift->what), fix);
    one.also.push_back(facts.module.place());
    found.push_back(std::move(one));
  } else if (!facts.go_is_here) {
    found.push_back(finding("toolchain-drift", Severity::note, "go",
                            fmt::format("{} asks for {}, which is downloaded on every new machine",
                                        facts.module.file, facts.go_version),
                            fmt::format("image: golang:{}", version)));
  }
}

std::vector<Variable> set_ones(const sys::Environment& env,
                               std::span<const std::string_view> names) {
  std::vector<Variable> found;
  for (const std::string_view name : names) {
    if (env.has(name)) found.push_back({std::string(name), env.get_or(name, ""), 0});
  }
  return found;
}

// Names of places that depend on which of a runner's slots the job got, by the whole component.
std::vector<Variable> slots_of(const sys::Environment& env, const sys::Path& checkout) {
  std::vector<Variable> found;
  // GitLab: <builds>/<runner>/<slot>/<project>.
  const std::string builds = env.get_or("CI_BUILDS_DIR", "");
  const std::string slot = env.get_or("CI_CONCURRENT_ID", "");
  if (!builds.empty() && !slot.empty() && is_below(checkout, builds)) {
    const std::string rest =
        checkout.native().substr(std::min(builds.size(), checkout.native().size()));
    if ((rest + "/").find("/" + slot + "/") != std::string::npos) {
      found.push_back({"CI_CONCURRENT_ID", slot, 0});
    }
  }
  // Jenkins: the second build of a job at a time gets WORKSPACE@2.
  const std::string workspace = env.get_or("WORKSPACE", "");
  if (const auto at = workspace.rfind('@'); at != std::string::npos &&
                                            parse_int<unsigned>(workspace.substr(at + 1)) &&
                                            is_below(checkout, workspace)) {
    found.push_back({"WORKSPACE", workspace.substr(at + 1), 0});
  }
  return found;
}

void sample_file(const sys::Path& path, UnixNanos now_ns, SampledEntries& entries) {
  const std::string& name = path.native();
  if (!name.ends_with("-a") && !name.ends_with("-d")) return;
  const auto info = sys::stat_file(path, false);
  if (!info || !*info) return;
  ++entries.seen;
  const UnixNanos mtime_ns = (*info)->mtime_ns;
  if (mtime_ns < now_ns - k_go_keeps_ns && (*info)->changed_ns - mtime_ns > k_hour_ns) {
    ++entries.restored_old;
  }
}

}  // namespace

SampledEntries sample_entries(const sys::Path& gocache, UnixNanos now_ns) {
  SampledEntries entries;
  for (unsigned i = 0; i < k_directories_sampled; ++i) {
    const sys::Path directory = gocache / fmt::format("{:x}0", i);
    // Not there, or not for us: nothing to say.
    static_cast<void>(sys::list_directory(directory, [&](std::string_view name) -> Result<void> {
      if (entries.seen >= k_entries_max) return fail(Code::exhausted, "enough");
      sample_file(directory / name, now_ns, entries);
      return {};
    }));
  }
  const sys::Path trim = gocache / "trim.txt";
  const auto info = sys::stat_file(trim);
  if (!info || !*info || !(*info)->is_regular()) return entries;
  entries.has_trim_txt = true;
  const auto bytes = sys::read_file(trim, k_trim_size_max);
  if (!bytes || !*bytes) return entries;
  const auto seconds = parse_int<std::int32_t>(sluice::trim(text_of(**bytes)));
  if (!seconds || *seconds <= 0) return entries;
  const UnixNanos said_ns = UnixNanos{*seconds} * k_second_ns;
  entries.trim_txt_was_restored = (*info)->changed_ns - said_ns > k_trim_delay_max_ns;
  return entries;
}

EnvironmentFacts gather_facts(const sys::Environment& env, const gotool::GoCommand& go,
                              const sys::Path& checkout, const ModuleFacts& module) {
  EnvironmentFacts facts;
  facts.gocache = gotool::default_gocache(env, go);
  const auto said = gotool::go_env_value(env, "GOCACHE", go);
  facts.gocache_is_said = said && sys::Path(*said) == facts.gocache;
  facts.temporary = env.get_or("TMPDIR", "");
  if (auto kind = sys::file_system_of(facts.gocache)) facts.file_system = *std::move(kind);
  facts.entries = sample_entries(facts.gocache, unix_now_ns());
  facts.goflags = gotool::go_env_value(env, "GOFLAGS", go).value_or("");
  facts.godebug = env.get_or("GODEBUG", "");
  facts.time_zone = env.get_or("TZ", "");
  facts.file_mode_mask = sys::file_mode_mask();
  facts.go_version = go.version;
  facts.go_is_here = go.exact || go.version.empty();
  facts.checkout = checkout;
  facts.run_names = set_ones(env, k_run_names);
  facts.slot_names = slots_of(env, checkout);
  const auto shallow = sys::stat_file(checkout / ".git" / "shallow");
  facts.is_shallow = shallow && *shallow && (*shallow)->size > 0;
  facts.module = module;
  return facts;
}

std::vector<Finding> advise_on_environment(const EnvironmentFacts& facts) {
  std::vector<Finding> found;
  advise_on_gocache(facts, found);
  advise_on_entries(facts, found);
  advise_on_flags(facts, found);
  advise_on_tests(facts, found);
  advise_on_place(facts, found);
  advise_on_toolchain(facts, found);
  put_in_order(found);
  return found;
}

}  // namespace sluice::insight
