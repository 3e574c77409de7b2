#include "cli/summary.hpp"

#include "base/units.hpp"
#include "codec/json.hpp"

#include <fmt/format.h>

#include <chrono>

namespace sluice::cli {

namespace {

constexpr std::uint64_t k_us_per_ms = 1000;

std::string transfers(const Summary& summary) {
  return fmt::format("{} down, {} up", format_size(summary.counters.bytes_down),
                     format_size(summary.counters.bytes_up));
}

}  // namespace

std::string summary_line(const Summary& summary) {
  const agent::Counters& counters = summary.counters;
  std::string line;
  if (summary.restore_mode) {
    line =
        fmt::format("{} restored, {} new; {}", summary.restored, summary.saved, transfers(summary));
  } else {
    const std::chrono::milliseconds waited(counters.wait_us / k_us_per_ms);
    line = fmt::format("{} lookups: {} local, {} remote, {} missed; {}; waited {}",
                       counters.lookups, counters.hits_local, counters.hits_remote, counters.misses,
                       transfers(summary), format_seconds(waited));
  }
  if (counters.links > 0) {
    line += fmt::format("; {} {}: {} local, {} remote, {} made", counters.links,
                        counters.links == 1 ? "link" : "links", counters.link_hits_local,
                        counters.link_hits_remote, counters.link_misses + counters.link_uncached);
  }
  if (summary.modules_brought > 0) {
    line += fmt::format("; {} {} brought", summary.modules_brought,
                        summary.modules_brought == 1 ? "module" : "modules");
  }
  if (counters.tests_reused > 0) {
    line += fmt::format("; {} {} reused", counters.tests_reused,
                        counters.tests_reused == 1 ? "test result" : "test results");
  }
  if (counters.verify_tests_checked > 0) {
    line += fmt::format("; tested {} again, {} failed", counters.verify_tests_checked,
                        counters.verify_tests_failed);
  }
  if (counters.verify_checked > 0) {
    line += fmt::format("; verified {}, {} differ", counters.verify_checked,
                        counters.verify_mismatched);
  }
  if (summary.pending_bytes > 0) {
    line += fmt::format(" (uploading {} behind)", format_size(summary.pending_bytes));
  }
  return line;
}

std::string summary_json(const Summary& summary) {
  codec::JsonObject object;
  object.emplace_back("mode", summary.restore_mode ? "restore" : "cacheprog");
  object.emplace_back("agent", summary.agent_answered ? "ok" : "absent");
  for (auto& [name, value] : summary.counters.to_json()) {
    // The two below are nested or in another unit here.
    if (name.starts_with("verify_") || name == "wait_us") continue;
    object.emplace_back(std::move(name), std::move(value));
  }
  object.emplace_back("wait_ms", summary.counters.wait_us / k_us_per_ms);
  object.emplace_back("verify", codec::JsonObject{
                                    {"checked", summary.counters.verify_checked},
                                    {"mismatched", summary.counters.verify_mismatched},
                                    {"tests_checked", summary.counters.verify_tests_checked},
                                    {"tests_failed", summary.counters.verify_tests_failed},
                                });
  if (summary.restore_mode) {
    object.emplace_back("restored", summary.restored);
    object.emplace_back("saved", summary.saved);
  }
  object.emplace_back("modules_brought", summary.modules_brought);
  object.emplace_back("drained", summary.drained);
  object.emplace_back("pending_bytes", summary.pending_bytes);
  return codec::Json(std::move(object)).dump() + "\n";
}

bool is_worth_a_line(const Summary& summary) {
  if (summary.restore_mode) return summary.agent_answered;
  // Where no go command ran, transfers are not this command's.
  return summary.counters.lookups + summary.counters.puts + summary.modules_brought > 0;
}

}  // namespace sluice::cli
