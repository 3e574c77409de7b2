#include "insight/go_advice.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <utility>

namespace sluice::insight {
namespace {

constexpr std::size_t k_fix_length_max = 300;

// Flags of go test with which no result is kept (cmd/go/internal/test: tryCacheWithID).
constexpr std::array<std::string_view, 6> k_uncached_flags = {
    "shuffle", "cpuprofile", "memprofile", "blockprofile", "mutexprofile", "trace"};

template <class Words>
bool is_one_of(const Words& words, std::string_view word) {
  return std::ranges::find(words, word) != std::end(words);
}

bool builds(const GoUse& use) {
  constexpr std::array<std::string_view, 4> k_builders = {"build", "install", "test", "vet"};
  return is_one_of(k_builders, use.subcommand);
}

// Benchmarks and fuzzing are never cached and are not meant to be.
bool is_measurement(const GoUse& use) {
  return use.flag("bench") != nullptr || use.flag("fuzz") != nullptr || use.is_on("c") ||
         use.flag("list") != nullptr;
}

std::string one_line(const std::string& text) { return printable(text, k_fix_length_max); }

std::string without_in_goflags(const std::vector<GoFlag>& flags, std::string_view name) {
  std::string left;
  for (const GoFlag& flag : flags) {
    if (flag.name != name) left += (left.empty() ? "" : " ") + flag.raw;
  }
  return left;
}

void advise_on_all(const Examined& examined, const GoUse& use, std::vector<Finding>& found) {
  constexpr std::array<std::string_view, 6> k_takers = {"build", "install", "test",
                                                        "vet",   "run",     "list"};
  const GoFlag* all = use.flag("a");
  if (all == nullptr || all->is_off() || all->from_goflags ||
      !is_one_of(k_takers, use.subcommand)) {
    return;
  }
  found.push_back(examined.finding("build-all", Severity::miss, all->line,
                                   fmt::format("go {} -a", use.subcommand),
                                   one_line(use.text_without({"a"}))));
}

void advise_on_test(const Examined& examined, const GoUse& use, std::vector<Finding>& found) {
  if (is_measurement(use)) return;
  const GoFlag* count = use.flag("count");
  if (count != nullptr && !count->from_goflags && count->is_plain) {
    const bool repeats = count->value != "1";
    found.push_back(examined.finding(
        "test-count", repeats ? Severity::note : Severity::miss, count->line,
        repeats ? fmt::format("go test -count={}: right only where a test is to run that often",
                              printable(count->value, 20))
                : "go test -count=1: right only where a fresh run is meant",
        one_line(use.text_without({"count"}))));
  }
  for (const GoFlag& flag : use.flags) {
    if (!is_one_of(k_uncached_flags, flag.name) || flag.from_goflags) continue;
    found.push_back(examined.finding("test-flag-uncached", Severity::miss, flag.line,
                                     fmt::format("go test -{}", flag.name),
                                     one_line(use.text_without({flag.name}))));
  }
  if (use.has_arguments) {
    found.push_back(examined.finding("test-flag-uncached", Severity::miss, use.line,
                                     "go test -args with words for the test",
                                     one_line(use.text.substr(0, use.text.find(" -args")) +
                                              (use.packages.empty() ? " ." : ""))));
  }
  // A flag of the test's own keeps go from caching, with a package too.
  const bool has_own_flags = std::ranges::any_of(
      use.flags, [](const GoFlag& flag) { return !flag.from_goflags && !is_go_flag(flag.name); });
  if (use.packages.empty() && use.is_certain && !use.has_arguments && !has_own_flags) {
    found.push_back(examined.finding("test-no-packages", Severity::miss, use.line,
                                     "go test names no package", one_line(use.text + " .")));
  }
}

void advise_on_stamps(const Examined& examined, const GoUse& use, std::vector<Finding>& found) {
  const GoFlag* ldflags = use.flag("ldflags");
  if (ldflags != nullptr) {
    const std::string& text = ldflags->value;
    const bool has_time = text.find("$(date") != std::string::npos ||
                          text.find("`date") != std::string::npos ||
                          text.find("$(shell date") != std::string::npos;
    if (has_time) {
      found.push_back(examined.finding(
          "time-in-ldflags", Severity::miss, ldflags->line, "-ldflags holds the time of the build",
          "-ldflags \"-X main.date=$(git log -1 --format=%cI)\"  # the commit's time, with your "
          "variable's name"));
    }
  }
  const GoFlag* vcs = use.flag("buildvcs");
  if (vcs != nullptr && use.subcommand == "test" && !vcs->from_goflags &&
      (vcs->value.empty() || vcs->value == "true" || vcs->value == "1")) {
    found.push_back(examined.finding("vcs-in-tests", Severity::miss, vcs->line,
                                     "go test -buildvcs=true",
                                     one_line(use.text_without({"buildvcs"}))));
  }
}

bool removes_go_cache(const std::vector<ShellWord>& words) {
  if (words.empty() || words[0].value != "rm") return false;
  return std::ranges::any_of(words, [](const ShellWord& word) {
    const std::string_view text = word.value;
    return text.ends_with("/go-build") || text.ends_with("/go-build/*") || text == "$GOCACHE" ||
           text == "${GOCACHE}" || text.find("go env GOCACHE") != std::string_view::npos;
  });
}

void advise_on_cleaning(const Examined& examined, std::vector<Finding>& found) {
  for (const PlacedCommand& placed : examined.commands) {
    const bool is_cleaner = examined.pipeline.kind == FileKind::makefile &&
                            placed.job.find("clean") != std::string::npos;
    if (is_cleaner) continue;  // somebody asks for it
    if (const auto use = go_use_of(placed); use && use->subcommand == "clean") {
      const GoFlag* cache = use->flag("cache");
      const GoFlag* tests = use->flag("testcache");
      if (cache == nullptr && tests == nullptr) continue;
      found.push_back(examined.finding(
          "cache-cleaned", Severity::miss, use->line,
          cache != nullptr ? "go clean -cache empties the build cache"
                           : "go clean -testcache forgets all test results",
          "sluice gc --max-size 10GiB  # where the disk was the reason; else nothing"));
    } else if (removes_go_cache(placed.command.words)) {
      found.push_back(examined.finding(
          "cache-cleaned", Severity::miss, placed.command.line, "rm removes go's build cache",
          "sluice gc --max-size 10GiB  # where the disk was the reason; else nothing"));
    }
  }
}

bool mentions(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(
      parts, [text](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

void advise_on_gocache(const Examined& examined, const Variable& set, std::vector<Finding>& found) {
  const std::string& value = set.value;
  const bool is_random = mentions(value, {"mktemp"});
  const bool is_temporary = is_random || value == "/tmp" || value.starts_with("/tmp/") ||
                            value.starts_with("/var/tmp") ||
                            mentions(value, {"$TMPDIR", "${TMPDIR", "RUNNER_TEMP", "runner.temp"});
  if (!is_temporary) return;
  const bool is_cached = std::ranges::any_of(
      examined.pipeline.cached, [&](const CachedPath& cached) { return cached.path == value; });
  if (is_cached && !is_random) return;
  found.push_back(examined.finding(
      "gocache-in-tmp", is_random ? Severity::miss : Severity::may_miss, set.line,
      fmt::format("GOCACHE={}", printable(value, 100)),
      examined.pipeline.kind == FileKind::gitlab
          ? setting_line(FileKind::gitlab, "GOCACHE", "/var/cache/go-build")
          : "export GOCACHE=$HOME/.cache/go-build  # or nothing: that is go's own choice"));
}

void advise_on_godebug(const Examined& examined, const Variable& set, std::vector<Finding>& found) {
  if (set.value.empty()) return;
  Severity severity = Severity::note;
  std::string what =
      fmt::format("GODEBUG={}: the same for every test of this file", printable(set.value, 100));
  const auto has_it = [&](const GoUse& use) { return use.variable_or("GODEBUG", "") == set.value; };
  if (set.value.find("gocacheverify=1") != std::string::npos) {
    severity = Severity::miss;
    what = "GODEBUG=gocacheverify=1 turns every lookup into a miss";
  } else if (!std::ranges::all_of(examined.uses, [&](const GoUse& use) {
               return use.subcommand != "test" || has_it(use);
             })) {
    severity = Severity::may_miss;
    what = fmt::format("GODEBUG={} holds for some tests of this file and not for others",
                       printable(set.value, 100));
  }
  found.push_back(
      examined.finding("godebug-set", severity, set.line, what, std::string(k_unset_godebug)));
}

struct Difference {
  std::string_view name;
  Severity severity;
  std::function<std::string(const GoUse&)> value_of;
};

std::string flag_text(const GoUse& use, std::string_view name) {
  const GoFlag* flag = use.flag(name);
  if (flag == nullptr) return "";
  if (flag->is_off()) return "";
  return flag->value.empty() || flag->value == "true" ? fmt::format("-{}", name)
                                                      : fmt::format("-{}={}", name, flag->value);
}

const std::vector<Difference>& differences() {
  static const std::vector<Difference> all = [] {
    std::vector<Difference> list;
    list.push_back({"CGO_ENABLED", Severity::may_miss, [](const GoUse& use) {
                      const std::string value = use.variable_or("CGO_ENABLED", "");
                      return value.empty() ? value : "CGO_ENABLED=" + value;
                    }});
    list.push_back({"trimpath", Severity::may_miss,
                    [](const GoUse& use) { return flag_text(use, "trimpath"); }});
    // Tests with a detector beside a build without it are meant so; tags change only the packages
    // that have files for them.
    for (const std::string_view name : {"race", "msan", "asan", "gcflags", "asmflags", "tags"}) {
      list.push_back(
          {name, Severity::note, [name](const GoUse& use) { return flag_text(use, name); }});
    }
    return list;
  }();
  return all;
}

bool is_local(std::string_view package) { return package.starts_with('.'); }

bool share_packages(const GoUse& left, const GoUse& right) {
  const auto of = [](const GoUse& use) {
    return use.packages.empty() ? std::vector<std::string>{"."} : use.packages;
  };
  for (const std::string& a : of(left)) {
    for (const std::string& b : of(right)) {
      if (a == b) return true;
      if ((a == "./..." && is_local(b)) || (b == "./..." && is_local(a))) return true;
    }
  }
  return false;
}

// Who builds for another platform means another build.
bool is_same_platform(const GoUse& left, const GoUse& right) {
  constexpr std::array<std::string_view, 6> k_platform = {"GOOS",  "GOARCH",  "GOAMD64",
                                                          "GOARM", "GOARM64", "GOEXPERIMENT"};
  return std::ranges::all_of(k_platform, [&](std::string_view name) {
    return left.variable_or(name, "") == right.variable_or(name, "");
  });
}

bool is_comparable(const GoUse& use) {
  if (!builds(use) || !use.is_certain) return false;
  return std::ranges::all_of(use.flags, [](const GoFlag& flag) {
    return flag.is_plain || flag.name == "ldflags" || flag.name == "o" ||
           flag.name == "coverprofile" || flag.name == "run" || flag.name == "timeout";
  });
}

// Without -race cgo may be off, with it not: that difference is the detector's.
bool is_cgo_for_race(const Difference& difference, const GoUse& left, const GoUse& right) {
  return difference.name == "CGO_ENABLED" && left.is_on("race") != right.is_on("race");
}

std::string said(const std::string& value, std::string_view name) {
  if (!value.empty()) return printable(value, 80);
  const bool is_variable = name.front() >= 'A' && name.front() <= 'Z';
  return is_variable ? fmt::format("no {}", name) : fmt::format("no -{}", name);
}

std::string fix_of(FileKind kind, const Difference& difference, const GoUse& left,
                   const GoUse& right) {
  const std::string value = difference.value_of(left);
  const std::string text = printable(value.empty() ? difference.value_of(right) : value, 100);
  if (difference.severity == Severity::note) {
    return fmt::format("go test {} ./...  # one step with it in place of two, where that will do",
                       text);
  }
  const bool is_flag = text.starts_with('-');
  const std::string set = is_flag ? text : text.substr(text.find('=') + 1);
  const std::string line = setting_line(kind, is_flag ? "GOFLAGS" : difference.name, set);
  // make takes the blanks before a comment for a part of the value.
  if (kind == FileKind::makefile) return line;
  return line +
         (kind == FileKind::script ? "  # for both, or for neither" : ", for both or for neither");
}

}  // namespace

Examined::Examined(const Pipeline& of)
    : pipeline(of),
      commands(commands_of(of)),
      uses(go_uses_of(commands)),
      variables(variables_of(of, commands)) {}

Finding Examined::finding(std::string_view id, Severity severity, std::uint32_t line,
                          std::string what, std::string fix) const {
  Finding found;
  found.id = id;
  found.severity = severity;
  found.file = pipeline.file;
  found.line = line;
  found.what = std::move(what);
  found.fix = std::move(fix);
  return found;
}

std::string setting_line(FileKind kind, std::string_view name, std::string_view value) {
  switch (kind) {
    case FileKind::github: return fmt::format("{}: {}  # below env:", name, quote_word(value));
    case FileKind::gitlab:
      return fmt::format("{}: {}  # below variables:", name, quote_word(value));
    case FileKind::jenkins: return fmt::format("{} = '{}'  // in environment {{ }}", name, value);
    case FileKind::makefile: return fmt::format("export {} = {}", name, value);
    case FileKind::script: break;
  }
  return fmt::format("export {}={}", name, quote_word(value));
}

namespace {

// `whom`: the commands that they hold for; `fixed`: the fix, of the flags that are left.
std::vector<Finding> advise_on_flags(std::string_view goflags, std::string_view whom,
                                     const std::function<std::string(const std::string&)>& fixed) {
  std::vector<Finding> found;
  const auto flags = flags_of_goflags(goflags, 0);
  const auto add = [&](std::string_view id, const GoFlag& flag) {
    Finding finding;
    finding.id = id;
    finding.severity = Severity::miss;
    finding.what = fmt::format("GOFLAGS has {} for {}", printable(flag.raw, 80), whom);
    finding.fix = fixed(without_in_goflags(flags, flag.name));
    found.push_back(std::move(finding));
  };
  for (const GoFlag& flag : flags) {
    if (!flag.is_plain) continue;
    if (flag.name == "a" && !flag.is_off()) add("build-all", flag);
    if (flag.name == "count") add("test-count", flag);
    if (is_one_of(k_uncached_flags, flag.name)) add("test-flag-uncached", flag);
    if (flag.name == "buildvcs" && (flag.value == "true" || flag.value.empty())) {
      add("vcs-in-tests", flag);
    }
  }
  return found;
}

// The command that this variable is set for alone, before its words; null where it holds for more.
const PlacedCommand* command_with(const Examined& examined, const Variable& set) {
  for (const PlacedCommand& placed : examined.commands) {
    const auto& assignments = placed.command.assignments;
    const bool is_before = std::ranges::find(assignments, set) != assignments.end();
    if (is_before && !placed.command.words.empty()) return &placed;
  }
  return nullptr;
}

std::vector<Finding> advise_on_set_goflags(const Examined& examined, const Variable& set) {
  const PlacedCommand* command = command_with(examined, set);
  if (command == nullptr) return advise_on_goflags(set.value, examined.pipeline.kind);
  return advise_on_flags(set.value, "this command", [command](const std::string& left) {
    std::string text = left.empty() ? "" : "GOFLAGS=" + quote_word(left);
    for (const ShellWord& word : command->command.words) {
      text += (text.empty() ? "" : " ") + word.raw;
    }
    return one_line(text);
  });
}

}  // namespace

std::vector<Finding> advise_on_goflags(std::string_view goflags, FileKind kind) {
  return advise_on_flags(goflags, "every command", [kind](const std::string& left) {
    return setting_line(kind, "GOFLAGS", left);
  });
}

std::vector<Finding> advise_on_commands(const Examined& examined) {
  std::vector<Finding> found;
  for (const GoUse& use : examined.uses) {
    advise_on_all(examined, use, found);
    if (use.subcommand == "test") advise_on_test(examined, use, found);
    advise_on_stamps(examined, use, found);
  }
  advise_on_cleaning(examined, found);
  return found;
}

std::vector<Finding> advise_on_variables(const Examined& examined) {
  std::vector<Finding> found;
  for (const Variable& set : examined.variables) {
    if (set.name == "GOFLAGS") {
      for (Finding& finding : advise_on_set_goflags(examined, set)) {
        finding.file = examined.pipeline.file;
        finding.line = set.line;
        found.push_back(std::move(finding));
      }
    } else if (set.name == "GOCACHE") {
      advise_on_gocache(examined, set, found);
    } else if (set.name == "GODEBUG") {
      advise_on_godebug(examined, set, found);
    } else if (set.name == "TZ" && !set.value.empty()) {
      found.push_back(
          examined.finding("time-zone", Severity::note, set.line,
                           fmt::format("TZ={}: machines in another zone find no result of go's own",
                                       printable(set.value, 60)),
                           "sluice go test ./..."));
    }
  }
  for (const PlacedCommand& placed : examined.commands) {
    const auto& words = placed.command.words;
    // Of a shell that ends with it nothing gets its mode.
    if (placed.ends_shell) continue;
    if (words.size() != 2 || words[0].value != "umask" || words[1].value == "022" ||
        words[1].value == "0022" || words[1].value.starts_with('-')) {
      continue;
    }
    found.push_back(
        examined.finding("file-mode-mask", Severity::note, placed.command.line,
                         fmt::format("umask {}: files get other mode bits than on most machines",
                                     printable(words[1].value, 20)),
                         "umask 022"));
  }
  return found;
}

std::vector<Finding> advise_on_differences(const Examined& examined) {
  std::vector<Finding> found;
  for (const Difference& difference : differences()) {
    Finding* known = nullptr;
    const auto uses =
        std::span(examined.uses).first(std::min(examined.uses.size(), k_uses_compared_max));
    for (std::size_t i = 0; i < uses.size() && known == nullptr; ++i) {
      if (!is_comparable(uses[i])) continue;
      const std::string value = difference.value_of(uses[i]);
      if (value.find('$') != std::string::npos) continue;
      for (std::size_t j = i + 1; j < uses.size(); ++j) {
        const GoUse& other = uses[j];
        if (!is_comparable(other) || !is_same_platform(uses[i], other)) continue;
        if (!share_packages(uses[i], other) || is_cgo_for_race(difference, uses[i], other))
          continue;
        const std::string its = difference.value_of(other);
        if (its == value || its.find('$') != std::string::npos) continue;
        const std::string place = fmt::format("{}:{}", examined.pipeline.file, other.line);
        if (known != nullptr) {
          if (known->also.back() != place) known->also.push_back(place);
          continue;
        }
        found.push_back(
            examined.finding("differing-flags", difference.severity, uses[i].line,
                             fmt::format("go {} here with {}, go {} in line {} with {}",
                                         uses[i].subcommand, said(value, difference.name),
                                         other.subcommand, other.line, said(its, difference.name)),
                             fix_of(examined.pipeline.kind, difference, uses[i], other)));
        found.back().subject = difference.name;
        found.back().also.push_back(place);
        known = &found.back();
      }
    }
  }
  return found;
}

}  // namespace sluice::insight
