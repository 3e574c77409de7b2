#include "cli/clear.hpp"

#include "base/bytes.hpp"
#include "base/strings.hpp"
#include "base/units.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/setup.hpp"
#include "gotool/collect.hpp"
#include "store/domain_removal.hpp"
#include "store/store_url.hpp"
#include "sys/fd.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace sluice::cli {

namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

constexpr std::size_t k_answer_max = 64;

struct Ends {
  Setup setup;
  std::vector<sys::Path> tiers = {};        // local ones that are to be emptied
  std::unique_ptr<store::Objects> objects;  // null: not the store
  std::string store;                        // its name, without secrets
};

// A checkout says where results are shared; it does not say what is thrown away.
Result<void> open_store(Ends& ends, const sys::Environment& env) {
  const Settings& settings = ends.setup.settings;
  if (ends.setup.config.store_url.empty()) {
    return fail(Code::invalid, fmt::format("clear: no store is used ({})",
                                           settings.source_of(SettingId::no_remote).text));
  }
  if (settings.read_only) {
    return fail(Code::invalid, fmt::format("clear: the store is read-only ({})",
                                           settings.source_of(SettingId::read_only).text));
  }
  if (settings.source_of(SettingId::store).kind == Source::Kind::checkout_file) {
    return fail(Code::invalid,
                "clear: the store is named by the checkout only; name it with "
                "--store or SLUICE_STORE");
  }
  TRY_ASSIGN(const auto url, store::parse_store_url(ends.setup.config.store_url));
  TRY_ASSIGN(ends.objects, store::open_objects(url, env));
  ends.store = ends.objects->describe();
  return {};
}

// This user's: go's own, and those of other trust domains, unless one domain was said.
std::vector<sys::Path> local_tiers(const Setup& setup) {
  std::vector<sys::Path> tiers = {setup.config.local_tier};
  if (setup.settings.source_of(SettingId::trust_domain).kind != Source::Kind::fallback) {
    return tiers;
  }
  const sys::Path domains = setup.config.cache_directory / "domains";
  const auto listed = sys::list_directory(domains, [&](std::string_view name) -> Result<void> {
    tiers.push_back(domains / name / "go-build");
    return {};
  });
  (void)listed;  // there are none
  std::ranges::sort(tiers.begin() + 1, tiers.end());
  const auto again = std::ranges::find(tiers.begin() + 1, tiers.end(), tiers.front());
  if (again != tiers.end()) tiers.erase(again);
  return tiers;
}

Result<Ends> ends_of(const Invocation& invocation, const sys::Environment& env) {
  Ends ends;
  if (invocation.has("yes") && invocation.has("dry-run")) {
    return fail(Code::invalid, "clear: --yes and --dry-run are two different things");
  }
  TRY_ASSIGN(ends.setup,
             set_up(invocation.flags, env, current_directory(), OffSwitch::passed_over));
  if (invocation.operand != "remote") ends.tiers = local_tiers(ends.setup);
  if (invocation.operand != "local") TRY(open_store(ends, env));
  return ends;
}

std::string remote_text(const Ends& ends) {
  return fmt::format("{} in {}", ends.setup.config.domain, ends.store);
}

// Yes is said with a word on a terminal, or with the flag.
Result<void> ask(const Ends& ends, const Invocation& invocation) {
  if (invocation.has("yes") || invocation.has("dry-run")) return {};
  std::string what;
  for (const sys::Path& tier : ends.tiers) what += (what.empty() ? "" : ", ") + tier.string();
  if (ends.objects) what += (what.empty() ? "" : " and ") + remote_text(ends);
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0) {
    return fail(Code::invalid, fmt::format("clear: would empty {}: say --yes", what));
  }
  say(fmt::format("this empties {}; type yes to go on:", what));
  Bytes answer(k_answer_max);
  TRY_ASSIGN(const std::size_t count, sys::read_some(STDIN_FILENO, answer));
  if (trim(text_of(ByteView(answer).first(count))) == "yes") return {};
  return fail(Code::invalid, "clear: nothing was changed");
}

Result<Cleared> clear_tier(const sys::Path& tier, bool dry_run) {
  Cleared cleared{.what = tier.string(), .first_failure = {}};
  TRY_ASSIGN(const auto there, sys::stat_file(tier));
  if (there) {
    gotool::CollectOptions options;
    options.size_max = 0;
    options.force = true;
    options.dry_run = dry_run;
    TRY_ASSIGN(auto collected, gotool::collect(tier, options));
    cleared.objects = collected.entries_removed;
    cleared.bytes = collected.bytes_removed;
    cleared.failures = collected.failures;
    cleared.first_failure = std::move(collected.first_failure);
  }
  return cleared;
}

// What go's cache holds, what sluice keeps beside it, and the copies of indexes. The journal is
// what happened, and stays.
Result<std::vector<Cleared>> clear_local(const Ends& ends, bool dry_run) {
  std::vector<Cleared> all;
  for (const sys::Path& tier : ends.tiers) {
    TRY_ASSIGN(Cleared each, clear_tier(tier, dry_run));
    all.push_back(std::move(each));
  }
  if (dry_run) return all;
  const agent::AgentConfig& config = ends.setup.config;
  Cleared& cleared = all.front();
  for (const sys::Path& directory : {config.link_directory, config.cache_directory / "index"}) {
    if (directory.empty()) continue;
    std::error_code error;
    std::filesystem::remove_all(directory, error);
    if (error && cleared.failures++ == 0) {
      cleared.first_failure = fmt::format("{}: {}", directory.string(), error.message());
    }
  }
  return all;
}

Result<Cleared> clear_remote(const Ends& ends, bool dry_run, bool shows) {
  ProgressLine line(shows);
  store::RemovalOptions options{.dry_run = dry_run};
  options.progress = [&line](std::uint64_t done, std::uint64_t total) {
    line.show([&] { return fmt::format("removing: {} of {}", done, total); });
  };
  TRY_ASSIGN(auto removed, store::remove_domain(*ends.objects, ends.setup.config.domain, options));
  return Cleared{remote_text(ends), removed.objects, removed.bytes, removed.failures,
                 std::move(removed.first_failure)};
}

Result<std::vector<Cleared>> clear(const Ends& ends, bool dry_run, bool shows) {
  std::vector<Cleared> all;
  if (ends.objects) {
    TRY_ASSIGN(Cleared cleared, clear_remote(ends, dry_run, shows));
    all.push_back(std::move(cleared));
  }
  if (!ends.tiers.empty()) {
    TRY_ASSIGN(auto cleared, clear_local(ends, dry_run));
    std::ranges::move(cleared, std::back_inserter(all));
  }
  return all;
}

}  // namespace

std::string cleared_text(const Cleared& cleared, bool dry_run) {
  std::string text =
      fmt::format("{}: {} objects, {} {}", cleared.what, cleared.objects,
                  format_size(cleared.bytes), dry_run ? "would be removed" : "removed");
  if (cleared.failures > 0) {
    text += fmt::format("; {} resisted, the first: {}", cleared.failures,
                        printable(cleared.first_failure, 300));
  }
  return text + "\n";
}

Json cleared_json(const std::vector<Cleared>& all, bool dry_run) {
  JsonArray each;
  for (const Cleared& cleared : all) {
    each.emplace_back(JsonObject{{"what", cleared.what},
                                 {"objects", cleared.objects},
                                 {"bytes", cleared.bytes},
                                 {"failures", cleared.failures},
                                 {"first_failure", cleared.first_failure}});
  }
  return JsonObject{{"dry_run", dry_run}, {"cleared", std::move(each)}};
}

int run_clear(const Invocation& invocation, const sys::Environment& env) {
  sys::ignore_write_signals();
  const auto ends = ends_of(invocation, env);
  if (!ends) return report(ends.error());
  if (const auto yes = ask(*ends, invocation); !yes) return report(yes.error());
  const bool dry_run = invocation.has("dry-run");
  const bool as_json = invocation.has("json");
  const auto all = clear(*ends, dry_run, !as_json);
  if (!all) return report(Error(all.error()).in("clear"));
  int code = 0;
  for (const Cleared& cleared : *all) {
    if (!as_json) print(cleared_text(cleared, dry_run));
    if (cleared.failures > 0) code = k_exit_failure;
  }
  if (as_json) print(cleared_json(*all, dry_run).dump() + "\n");
  return code;
}

}  // namespace sluice::cli
