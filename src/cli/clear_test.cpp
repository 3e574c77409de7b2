#include "cli/clear.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

TEST_CASE("what was cleared, for people and programs") {
  Cleared cleared{"trusted in s3://b/ci", 12, 3U << 20U, 0, ""};
  CHECK(cleared_text(cleared, false) == "trusted in s3://b/ci: 12 objects, 3.0 MiB removed\n");
  cleared.failures = 2;
  cleared.first_failure = "no right";
  CHECK(cleared_text(cleared, true) ==
        "trusted in s3://b/ci: 12 objects, 3.0 MiB would be removed; 2 resisted, the first: no "
        "right\n");
  const auto json = codec::parse_json(cleared_json({cleared}, true).dump());
  REQUIRE(json.has_value());
  CHECK(json->bool_or("dry_run", false));
}

}  // namespace sluice::cli
