#include "cli/stats.hpp"

#include "insight/lookup_facts.hpp"
#include "insight/numbers.hpp"
#include "store/record.hpp"
#include "store/scope.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

TEST_CASE("stats: what --last takes") {
  CHECK(*last_jobs_of("1") == 1);
  CHECK(*last_jobs_of("1000") == k_last_jobs_max);
  for (const auto* const bad : {"0", "1001", "", "-1", "ten", "1x"}) {
    const auto refused = last_jobs_of(bad);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::invalid);
  }
}

TEST_CASE("stats: only formats that exist") {
  for (const auto* const format : {"text", "json", "prometheus", "openmetrics", "markdown"}) {
    CHECK(parse_words({"stats", "--format", format}));
  }
  const auto refused = parse_words({"stats", "--format", "xml"});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::invalid);
  CHECK(refused.error().message.find("markdown") != std::string::npos);
}

TEST_CASE("stats: --json is --format json, and no other format") {
  CHECK(*stats_format(*parse_words({"stats"})) == "text");
  CHECK(*stats_format(*parse_words({"stats", "--format", "markdown"})) == "markdown");
  CHECK(*stats_format(*parse_words({"stats", "--json"})) == "json");
  CHECK(*stats_format(*parse_words({"stats", "--json", "--format", "json"})) == "json");
  const auto refused = stats_format(*parse_words({"stats", "--json", "--format", "markdown"}));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::invalid);
}

TEST_CASE("stats: the journal's kinds and scopes have the store's names") {
  for (std::uint8_t kind = 0; kind <= store::k_kind_last; ++kind) {
    CHECK(insight::kind_name(kind) == store::name_of(static_cast<store::Kind>(kind)));
  }
  for (std::uint8_t scope = 0; scope <= store::k_scope_kind_last; ++scope) {
    CHECK(insight::scope_name(scope) == store::name_of(static_cast<store::ScopeKind>(scope)));
  }
}

}  // namespace sluice::cli
