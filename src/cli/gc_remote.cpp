#include "cli/gc_remote.hpp"

#include "agent/job_trust.hpp"
#include "agent/recorder.hpp"
#include "base/strings.hpp"
#include "base/units.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/store_care.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <random>
#include <utility>

namespace sluice::cli {

namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;
using store::GcDrop;
using store::GcReport;
using store::GcTallies;
using store::GcTally;
using store::ObjectKind;

constexpr std::array<std::string_view, 4> k_kinds = {"packs", "blobs", "manifests", "others"};
constexpr std::int64_t k_second_ns = 1'000'000'000;

// Blobs are one kind to people, however they are encoded.
GcTally of_kind(const GcTallies& tallies, std::string_view name) {
  GcTally sum;
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    if (store::name_of(static_cast<ObjectKind>(i)) != name) continue;
    sum.objects += tallies[i].objects;
    sum.bytes += tallies[i].bytes;
  }
  return sum;
}

std::string tally_text(const GcTally& tally) {
  return fmt::format("{} object{}, {}", tally.objects, tally.objects == 1 ? "" : "s",
                     format_size(tally.bytes));
}

std::string tallies_text(const GcTallies& tallies) {
  std::string text = tally_text(sum_of(tallies));
  std::vector<std::string> kinds;
  for (const std::string_view kind : k_kinds) {
    const GcTally tally = of_kind(tallies, kind);
    if (tally.objects == 0) continue;
    kinds.push_back(fmt::format("{} {} of {}", tally.objects, kind, format_size(tally.bytes)));
  }
  return kinds.empty() ? text : fmt::format("{} ({})", text, join(kinds, ", "));
}

Json tally_json(const GcTally& tally) {
  return JsonObject{{"objects", tally.objects}, {"bytes", tally.bytes}};
}

Json tallies_json(const GcTallies& tallies) {
  JsonObject json;
  for (const std::string_view kind : k_kinds) {
    const GcTally tally = of_kind(tallies, kind);
    json.emplace_back(std::string(kind), tally_json(tally));
  }
  const GcTally sum = sum_of(tallies);
  json.emplace_back("objects", sum.objects);
  json.emplace_back("bytes", sum.bytes);
  return json;
}

std::string_view name_of(GcDrop drop) {
  switch (drop) {
    case GcDrop::scope: return "scope";
    case GcDrop::age: return "age";
    case GcDrop::size: return "size";
    case GcDrop::kept: break;
  }
  return "kept";
}

// "7 days", "36 h", "90 s": as exact as it has to be.
std::string span_text(std::int64_t span_ns) {
  const std::int64_t seconds = std::max<std::int64_t>(span_ns, 0) / k_second_ns;
  constexpr std::int64_t k_hour_s = 3600;
  constexpr std::int64_t k_day_s = 24 * k_hour_s;
  if (seconds >= 2 * k_day_s) return fmt::format("{} days", seconds / k_day_s);
  if (seconds >= 2 * k_hour_s) return fmt::format("{} h", seconds / k_hour_s);
  if (seconds >= 120) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} s", seconds);
}

std::string why_text(GcDrop drop, const store::GcPolicy& policy) {
  switch (drop) {
    case GcDrop::scope: return "--drop-scope";
    case GcDrop::age:
      return fmt::format("unused for {}", span_text(policy.age_max.count() * 1'000'000));
    case GcDrop::size: return fmt::format("above {}", format_size(policy.size_max.value_or(0)));
    case GcDrop::kept: break;
  }
  return "";
}

// No two runs have the same.
std::string holder_text() {
  std::random_device random;
  const std::uint64_t number = (std::uint64_t{random()} << 32U) | random();
  return fmt::format("{}:{}:{:016x}", printable(agent::host_name(), 100), ::getpid(), number);
}

std::string progress_text(std::string_view domain, const store::GcProgress& at) {
  switch (at.stage) {
    case store::GcStage::listing: return fmt::format("{}: listing: {} objects", domain, at.done);
    case store::GcStage::heads:
      return fmt::format("{}: reading heads: {} of {}", domain, at.done, at.total);
    case store::GcStage::manifests:
      return fmt::format("{}: reading manifests: {} of {}", domain, at.done, at.total);
    case store::GcStage::removing:
      return fmt::format("{}: removing: {} of {}", domain, at.done, at.total);
    case store::GcStage::counting:
      return fmt::format("{}: what is needed of packs: manifest {} of {}", domain, at.done,
                         at.total);
    case store::GcStage::copying:
      return fmt::format("{}: copying from packs: {} of {}", domain, at.done, at.total);
    case store::GcStage::rewriting_manifests:
      return fmt::format("{}: rewriting manifests: {} of {}", domain, at.done, at.total);
    case store::GcStage::rewriting_heads:
      return fmt::format("{}: rewriting heads: {} of {}", domain, at.done, at.total);
  }
  return "";
}

std::string packs_text(const GcTally& tally) {
  return fmt::format("{} pack{}, {}", tally.objects, tally.objects == 1 ? "" : "s",
                     format_size(tally.bytes));
}

using Line = std::function<void(std::string_view label, const std::string& value)>;

void rewriting_lines(const store::GcRewriting& rewriting, bool dry_run, const Line& line) {
  const GcTally& old = rewriting.packs.rewritten;
  const bool is_done = !dry_run && !rewriting.is_unconditional && !rewriting.is_postponed;
  if (old.objects > 0 && is_done) {
    line("rewrote",
         fmt::format("{} mostly dead, as {}, with {} manifests in {} heads", packs_text(old),
                     packs_text(rewriting.written), rewriting.manifests, rewriting.heads));
  } else if (old.objects > 0 && dry_run && !rewriting.is_unconditional) {
    line("would rewrite",
         fmt::format("{} mostly dead, of which {} are needed, with {} manifests; {} go later",
                     packs_text(old), format_size(rewriting.live_bytes), rewriting.manifests,
                     format_size(old.bytes - rewriting.live_bytes)));
  }
  const auto left = [&line](const GcTally& tally, std::string_view why) {
    if (tally.objects == 0) return;
    line("left", fmt::format("{} mostly dead: {}", packs_text(tally), why));
  };
  if (rewriting.is_unconditional) left(old, "the store does not honour If-Match");
  if (rewriting.is_postponed) left(old, "a copy was being removed that moment; the next run");
  left(rewriting.packs.is_signed,
       "signed, and this run has no key whose signing they believe (SLUICE_SIGNING_KEY)");
  left(rewriting.packs.costly, "the manifests to be rewritten are larger than what would go");
  left(rewriting.packs.faulty, "cannot be read whole (sluice fsck)");
  left(rewriting.packs.later, "enough for one run; the next run");
  if (rewriting.heads_left > 0) {
    line("left",
         fmt::format("{} heads that jobs were writing; the next run", rewriting.heads_left));
  }
}

Json rewriting_json(const store::GcRewriting& rewriting) {
  return JsonObject{{"rewritten", tally_json(rewriting.packs.rewritten)},
                    {"live_bytes", rewriting.live_bytes},
                    {"written", tally_json(rewriting.written)},
                    {"manifests", rewriting.manifests},
                    {"heads", rewriting.heads},
                    {"heads_left", rewriting.heads_left},
                    {"left_signed", tally_json(rewriting.packs.is_signed)},
                    {"left_costly", tally_json(rewriting.packs.costly)},
                    {"left_faulty", tally_json(rewriting.packs.faulty)},
                    {"left_for_later", tally_json(rewriting.packs.later)},
                    {"no_if_match", rewriting.is_unconditional},
                    {"postponed", rewriting.is_postponed}};
}

// "30%", or 0 with or without its unit.
Result<unsigned> pack_live_of(const Invocation& invocation) {
  if (!invocation.has("pack-live")) return store::k_gc_pack_live_default;
  const std::string text = invocation.option_or("pack-live", "");
  const auto share = text == "0" ? std::optional(0.0) : parse_percent(text);
  const double percent = share.value_or(-1) * 100;
  if (percent >= 0 && percent <= store::k_gc_pack_live_max + 1e-9) {
    const auto whole = static_cast<unsigned>(std::lround(percent));
    if (std::abs(percent - whole) < 1e-9) return whole;
  }
  return fail(Code::invalid,
              fmt::format("gc remote: --pack-live: \"{}\" is not 0% (never) to {}%, such as 25%",
                          printable(text, 80), store::k_gc_pack_live_max));
}

Result<void> refuse_local_words(const Invocation& invocation) {
  if (!invocation.has("force")) return {};
  return fail(Code::invalid,
              "gc remote: --force is for the local tier; --grace TIME says how long a job may run");
}

}  // namespace

Result<store::GcPolicy> gc_policy_of(const Invocation& invocation) {
  constexpr std::string_view k_command = "gc remote";
  TRY(refuse_local_words(invocation));
  store::GcPolicy policy;
  TRY_ASSIGN(policy.size_max, size_option(invocation, k_command, "max-size"));
  TRY_ASSIGN(const auto age, time_option(invocation, k_command, "max-age"));
  TRY_ASSIGN(const auto grace, time_option(invocation, k_command, "grace"));
  policy.age_max = age.value_or(policy.age_max);
  policy.grace = grace.value_or(policy.grace);
  TRY_ASSIGN(policy.pack_live_percent, pack_live_of(invocation));
  policy.drop_scopes = invocation.list_of("drop-scope");
  return policy;
}

std::string gc_text(std::string_view domain, const GcReport& report, const store::GcPolicy& policy,
                    bool dry_run) {
  std::string text =
      fmt::format("{}: {}; {} heads name {}\n", domain, tally_text(sum_of(report.found)),
                  report.heads, format_size(report.live_bytes));
  const auto line = [&text](std::string_view label, const std::string& value) {
    text += fmt::format("  {:<12} {}\n", label, value);
  };
  for (const auto& [what, dropped] : report.dropped) {
    line(dry_run ? "would drop" : "dropped",
         fmt::format("{} of {} ({}), {} that only they named", dropped.heads,
                     printable(what.first, 60), why_text(what.second, policy),
                     format_size(dropped.bytes)));
  }
  line(dry_run ? "would remove" : "removed",
       tallies_text(dry_run ? report.doomed : report.removed));
  const GcTally unnamed = sum_of(report.unnamed);
  const GcTally doomed = sum_of(report.doomed);
  const GcTally waiting{unnamed.objects - doomed.objects, unnamed.bytes - doomed.bytes};
  if (waiting.objects > 0) {
    const std::string when = report.next_ns
                                 ? fmt::format(", the first of them due in {}",
                                               span_text(*report.next_ns - unix_now_ns()))
                                 : "";
    line("waiting", fmt::format("{}, not needed{}", tally_text(waiting), when));
  }
  rewriting_lines(report.rewriting, dry_run, line);
  if (report.rescued > 0)
    line("kept", fmt::format("{} that a job named that moment", report.rescued));
  if (report.heads_written_meanwhile > 0) {
    line("kept",
         fmt::format("{} heads that were written meanwhile", report.heads_written_meanwhile));
  }
  if (report.damaged > 0) {
    line("damaged", fmt::format("{} heads and manifests (sluice fsck), the first: {}",
                                report.damaged, printable(report.first_damage)));
  }
  if (report.failures > 0) {
    line("resisted",
         fmt::format("{}, the first: {}", report.failures, printable(report.first_failure, 300)));
  }
  return text;
}

Json gc_json(std::string_view domain, const GcReport& report) {
  JsonArray dropped;
  for (const auto& [what, each] : report.dropped) {
    dropped.emplace_back(JsonObject{{"scopes", what.first},
                                    {"why", std::string(name_of(what.second))},
                                    {"heads", each.heads},
                                    {"bytes", each.bytes}});
  }
  return JsonObject{{"domain", std::string(domain)},
                    {"found", tallies_json(report.found)},
                    {"heads", report.heads},
                    {"manifests", report.manifests},
                    {"live_bytes", report.live_bytes},
                    {"dropped", std::move(dropped)},
                    {"unnamed", tallies_json(report.unnamed)},
                    {"doomed", tallies_json(report.doomed)},
                    {"removed", tallies_json(report.removed)},
                    {"rewriting", rewriting_json(report.rewriting)},
                    {"rescued", report.rescued},
                    {"heads_written_meanwhile", report.heads_written_meanwhile},
                    {"manifests_missing", report.missing},
                    {"damaged", report.damaged},
                    {"failures", report.failures},
                    {"first_failure", report.first_failure}};
}

int run_gc_remote(const Invocation& invocation, const sys::Environment& env) {
  sys::ignore_write_signals();
  const bool dry_run = invocation.has("dry-run");
  const bool as_json = invocation.has("json");
  const auto policy = gc_policy_of(invocation);
  if (!policy) return report(policy.error());
  const auto care = care_for_store(invocation, env, "gc remote", !dry_run);
  if (!care) return report(care.error());
  store::GcOptions options{.policy = *policy, .dry_run = dry_run, .holder = holder_text()};
  options.trust = agent::trust_of(care->setup.config, *care->objects, env).trust;
  JsonArray domains;
  int code = 0;
  if (!as_json) print(care->name + "\n");
  for (const std::string& domain : care->domains) {
    Result<GcReport> collected;
    {
      ProgressLine line(!as_json);
      options.progress = [&](const store::GcProgress& at) {
        line.show([&] { return progress_text(domain, at); });
      };
      collected = store::collect_domain(*care->objects, domain, options);
    }
    if (!collected) {
      const bool is_not_ours = collected.error().code == Code::denied && care->domains.size() > 1;
      if (as_json) {
        domains.emplace_back(JsonObject{{"domain", domain}, {"error", collected.error().message}});
      }
      say(collected.error().message);
      if (!is_not_ours) code = k_exit_failure;
      continue;
    }
    if (collected->failures > 0) code = k_exit_failure;
    if (as_json) {
      domains.push_back(gc_json(domain, *collected));
    } else {
      print(gc_text(domain, *collected, *policy, dry_run));
    }
  }
  if (as_json) {
    print(Json(JsonObject{{"store", care->name},
                          {"dry_run", dry_run},
                          {"grace_s",
                           std::chrono::duration_cast<std::chrono::seconds>(policy->grace).count()},
                          {"domains", std::move(domains)}})
              .dump() +
          "\n");
  }
  return code;
}

}  // namespace sluice::cli
