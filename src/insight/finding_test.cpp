#include "insight/finding.hpp"

#include "base/bytes.hpp"
#include "sys/file.hpp"

#include <doctest/doctest.h>

#include <set>

namespace sluice::insight {
namespace {

TEST_CASE("order, and each id once a place") {
  std::vector<Finding> findings = {
      {"godebug-set", Severity::may_miss, "", 0, "GODEBUG", "", "", {}},
      {"test-count", Severity::note, "b.sh", 9, "", "", "", {}},
      {"test-count", Severity::miss, "b.sh", 9, "", "", "", {}},
      {"build-all", Severity::miss, "b.sh", 3, "", "", "", {}},
      {"build-all", Severity::miss, "a.sh", 7, "", "", "", {}}};
  put_in_order(findings);
  std::string places;
  for (const Finding& finding : findings) places += finding.where() + " ";
  CHECK(places == "a.sh:7 b.sh:3 b.sh:9 GODEBUG ");
  CHECK(findings[2].severity == Severity::miss);
  CHECK(has_misses(findings));
  CHECK_FALSE(has_misses({{"time-zone", Severity::note, "", 0, "TZ", "", "", {}}}));
}

TEST_CASE("every rule has a reason and a row in the guide") {
  const auto page = sys::read_file(SLUICE_GUIDE "/doctor.md", 1U << 20U);
  REQUIRE(page);
  REQUIRE(*page);
  const std::string_view text = text_of(**page);
  std::set<std::string_view> ids;
  for (const Rule& rule : rules()) {
    INFO(rule.id);
    CHECK(ids.insert(rule.id).second);
    CHECK(rule.why.ends_with('.'));
    CHECK(text.find("\n| `" + std::string(rule.id) + "` |") != std::string_view::npos);
  }
}

}  // namespace
}  // namespace sluice::insight
