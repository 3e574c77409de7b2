#include "cli/gc.hpp"

#include "agent/recorder.hpp"
#include "base/bytes.hpp"
#include "base/strings.hpp"
#include "base/units.hpp"
#include "cli/gc_remote.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/setup.hpp"
#include "cli/store_care.hpp"
#include "codec/json.hpp"
#include "journal/spool.hpp"
#include "sys/fd.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <vector>

namespace sluice::cli {

namespace {

constexpr std::uint64_t k_directories = 256;

std::string progress_text(const gotool::CollectProgress& progress) {
  if (progress.directories_done < k_directories) {
    return fmt::format("reading: {}%, {} files", progress.directories_done * 100 / k_directories,
                       progress.files_seen);
  }
  return fmt::format("removing: {}", format_size(progress.bytes_removed));
}

constexpr std::size_t k_removed_max = 1'000'000;  // told to the journal
constexpr std::size_t k_removed_event = 10'000;   // in one frame

// So that a miss can be told from one that never was there. Where it cannot be written, the journal
// does not know.
void tell_journal(const agent::AgentConfig& config,
                  const std::vector<journal::RemovedOne>& removed) {
  if (config.journal_directory.empty() || removed.empty()) return;
  const journal::Micros now_us = journal::now_us();
  std::vector<journal::Event> events;
  for (std::size_t i = 0; i < removed.size(); i += k_removed_event) {
    const auto first = removed.begin() + static_cast<std::ptrdiff_t>(i);
    const auto count = std::min(k_removed_event, removed.size() - i);
    events.push_back(
        {now_us, journal::Removed{agent::host_name(),
                                  config.local_tier.native(),
                                  {first, first + static_cast<std::ptrdiff_t>(count)}}});
  }
  (void)journal::append(config.journal_directory, fmt::format("gc-{:x}-{:x}", ::getpid(), now_us),
                        events);
}

}  // namespace

Result<gotool::CollectOptions> collect_options_of(const Invocation& invocation) {
  gotool::CollectOptions options;
  options.force = invocation.has("force");
  options.dry_run = invocation.has("dry-run");
  TRY_ASSIGN(options.size_max, size_option(invocation, "gc", "max-size"));
  TRY_ASSIGN(options.age_max, time_option(invocation, "gc", "max-age"));
  for (const char* word : {"grace", "drop-scope", "pack-live"}) {
    if (invocation.has(word) || !invocation.list_of(word).empty()) {
      return fail(Code::invalid, fmt::format("gc: --{} is for the store: sluice gc remote", word));
    }
  }
  if (!options.size_max && !options.age_max && !options.dry_run) {
    return fail(Code::invalid, "gc: say a bound: --max-size SIZE, --max-age TIME or both");
  }
  return options;
}

std::string collect_text(const sys::Path& directory, const gotool::CollectReport& report,
                         bool dry_run) {
  std::string text = fmt::format(
      "{}: {}: {} in {} entries {}, {} left", directory.string(), format_size(report.bytes_before),
      format_size(report.bytes_removed), report.entries_removed,
      dry_run ? "would be removed" : "removed", format_size(report.bytes_after));
  if (report.kept_recent_bytes > 0) {
    text += fmt::format("; {} stay because they were used in the last day",
                        format_size(report.kept_recent_bytes));
  }
  if (report.failures > 0) {
    text += fmt::format("; {} files resisted, the first: {}", report.failures,
                        printable(report.first_failure));
  }
  return text + "\n";
}

std::string collect_json(const sys::Path& directory, const gotool::CollectReport& report,
                         bool dry_run) {
  return codec::Json(codec::JsonObject{
                         {"directory", directory.string()},
                         {"dry_run", dry_run},
                         {"files_seen", report.files_seen},
                         {"entries_before", report.entries_before},
                         {"bytes_before", report.bytes_before},
                         {"entries_removed", report.entries_removed},
                         {"blobs_removed", report.blobs_removed},
                         {"temporary_removed", report.temporary_removed},
                         {"bytes_removed", report.bytes_removed},
                         {"bytes_after", report.bytes_after},
                         {"kept_recent_bytes", report.kept_recent_bytes},
                         {"failures", report.failures},
                         {"first_failure", report.first_failure},
                     })
             .dump() +
         "\n";
}

int run_gc(const Invocation& invocation, const sys::Environment& env) {
  if (invocation.operand == "remote") return run_gc_remote(invocation, env);
  const auto options = collect_options_of(invocation);
  if (!options) return report(options.error());
  auto setup = set_up(invocation.flags, env, current_directory(), OffSwitch::passed_over);
  if (!setup) return report(setup.error());
  const sys::Path& directory = setup->config.local_tier;
  const auto there = sys::stat_file(directory);
  if (!there) return report(there.error());
  gotool::CollectReport collected;
  if (*there) {
    ProgressLine line(!invocation.has("json"));
    std::vector<journal::RemovedOne> removed;
    auto result = gotool::collect(
        directory, *options,
        [&line](const gotool::CollectProgress& at) {
          line.show([&at] { return progress_text(at); });
        },
        [&removed](const ActionId& action, bool for_age) {
          if (removed.size() >= k_removed_max) return;
          removed.push_back({action, for_age ? journal::Removal::age : journal::Removal::size});
        });
    tell_journal(setup->config, removed);
    if (!result) return report(std::move(result).error().in("gc"));
    collected = *result;
  }
  print(invocation.has("json") ? collect_json(directory, collected, options->dry_run)
                               : collect_text(directory, collected, options->dry_run));
  return collected.failures == 0 ? 0 : k_exit_failure;
}

}  // namespace sluice::cli
