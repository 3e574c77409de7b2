#include "cli/gc_remote.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace sluice::cli {
namespace {

using store::GcDrop;

Result<store::GcPolicy> policy_of(std::vector<std::string> words) {
  words.insert(words.begin(), {"gc", "remote"});
  const auto invocation = parse_words(words);
  REQUIRE_MESSAGE(invocation.has_value(), (invocation ? "" : invocation.error().message));
  return gc_policy_of(*invocation);
}

TEST_CASE("what may stay") {
  auto policy = policy_of({});
  REQUIRE(policy.has_value());
  CHECK(policy->age_max == std::chrono::hours(24 * 7));
  CHECK(policy->grace == std::chrono::hours(24));
  CHECK_FALSE(policy->size_max.has_value());
  CHECK(policy->pack_live_percent == 25);
  CHECK(policy_of({"--pack-live", "0"})->pack_live_percent == 0);
  policy = policy_of({"--max-size", "1GiB", "--max-age", "3d", "--grace", "2h", "--drop-scope",
                      "pull-request:*:7", "branch:*/old", "--pack-live", "40%"});
  REQUIRE(policy.has_value());
  CHECK(policy->size_max == 1ULL << 30U);
  CHECK(policy->age_max == std::chrono::hours(72));
  CHECK(policy->grace == std::chrono::hours(2));
  CHECK(policy->pack_live_percent == 40);
  CHECK(policy->drop_scopes == std::vector<std::string>{"pull-request:*:7", "branch:*/old"});
  for (const std::vector<std::string>& bad :
       std::vector<std::vector<std::string>>{{"--force"},
                                             {"--grace", "soon"},
                                             {"--max-age", "7"},
                                             {"--max-size", "7"},
                                             {"--pack-live", "91%"},
                                             {"--pack-live", "7"},
                                             {"--pack-live", "0.5%"}}) {
    const auto refused = policy_of(bad);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Code::invalid);
    CHECK(refused.error().message.starts_with("gc remote: --"));
  }
}

TEST_CASE("what was collected in a store, for people and programs") {
  store::GcReport report;
  report.found[static_cast<std::size_t>(store::ObjectKind::pack)] = {12, 48U << 20U};
  report.unnamed[static_cast<std::size_t>(store::ObjectKind::pack)] = {5, 20U << 20U};
  report.doomed[static_cast<std::size_t>(store::ObjectKind::pack)] = {2, 8U << 20U};
  report.removed = report.doomed;
  report.heads = 3;
  report.live_bytes = 28U << 20U;
  report.dropped[{"pull-request", GcDrop::scope}] = {1, 4U << 20U};
  report.dropped[{"commit", GcDrop::age}] = {7, 0};
  store::GcPolicy policy;
  CHECK(gc_text("trusted", report, policy, false) ==
        "trusted: 12 objects, 48.0 MiB; 3 heads name 28.0 MiB\n"
        "  dropped      7 of commit (unused for 7 days), 0 B that only they named\n"
        "  dropped      1 of pull-request (--drop-scope), 4.0 MiB that only they named\n"
        "  removed      2 objects, 8.0 MiB (2 packs of 8.0 MiB)\n"
        "  waiting      3 objects, 12.0 MiB, not needed\n");
  const std::string dry = gc_text("trusted", report, policy, true);
  CHECK(dry.contains("  would remove 2 objects"));
  CHECK(dry.contains("  would drop   1 of pull-request"));
  report.failures = 2;
  report.first_failure = "no right";
  report.damaged = 1;
  report.first_damage = "manifest 12: damaged";
  report.rescued = 4;
  report.heads_written_meanwhile = 1;
  const std::string text = gc_text("trusted", report, policy, false);
  CHECK(text.contains("resisted     2, the first: no right\n"));
  CHECK(text.contains("(sluice fsck), the first: manifest 12: damaged\n"));
  CHECK(text.contains("4 that a job named that moment\n"));
  const auto json = codec::parse_json(gc_json("trusted", report).dump());
  REQUIRE(json.has_value());
  CHECK(json->text_or("domain", "") == "trusted");
  CHECK(json->int_or("failures", 0) == 2);
}

TEST_CASE("what became of packs that are mostly dead") {
  store::GcReport report;
  store::GcRewriting& rewriting = report.rewriting;
  rewriting.packs.rewritten = {12, 48U << 20U};
  rewriting.live_bytes = 3U << 20U;
  rewriting.manifests = 7;
  const std::string dry = gc_text("trusted", report, {}, true);
  CHECK(
      dry.contains("  would rewrite 12 packs, 48.0 MiB mostly dead, of which 3.0 MiB are needed, "
                   "with 7 manifests; 45.0 MiB go later\n"));
  rewriting.written = {1, 3U << 20U};
  rewriting.heads = 9;
  rewriting.packs.is_signed = {1, 4U << 20U};
  rewriting.packs.later = {2, 8U << 20U};
  const std::string text = gc_text("trusted", report, {}, false);
  CHECK(
      text.contains("  rewrote      12 packs, 48.0 MiB mostly dead, as 1 pack, 3.0 MiB, with 7 "
                    "manifests in 9 heads\n"));
  CHECK(
      text.contains("  left         1 pack, 4.0 MiB mostly dead: signed, and this run has no key"));
  CHECK(text.contains("  left         2 packs, 8.0 MiB mostly dead: enough for one run"));
  const auto json = codec::parse_json(gc_json("trusted", report).dump());
  REQUIRE(json.has_value());
  rewriting.is_unconditional = true;
  CHECK(
      gc_text("trusted", report, {}, false).contains("12 packs, 48.0 MiB mostly dead: the store"));
}

}  // namespace
}  // namespace sluice::cli
