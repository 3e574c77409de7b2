#include "cli/fsck.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

TEST_CASE("what a check found, for people and programs") {
  store::FsckReport report;
  report.objects = 12;
  report.bytes = 3U << 20U;
  report.heads = 2;
  CHECK(fsck_text("trusted", report) == "trusted: 12 objects, 3.0 MiB, 2 heads: all right\n");
  report.etags = 12;
  report.newer = 1;
  report.counts[static_cast<std::size_t>(store::FsckProblem::damaged)] = 1;
  report.findings = {
      {store::FsckProblem::damaged, "trusted/v1/packs/00/x", "9 bytes: damaged", "removed"}};
  CHECK(fsck_text("trusted", report) ==
        "trusted: 12 objects, 3.0 MiB, 2 heads: 1 wrong; 12 ETags compared; 1 of a later version "
        "not judged\n  damaged: trusted/v1/packs/00/x: 9 bytes: damaged; removed\n");
  const auto json = codec::parse_json(fsck_json("trusted", report).dump());
  REQUIRE(json.has_value());
  CHECK(json->int_or("wrong", 0) == 1);
}

}  // namespace sluice::cli
