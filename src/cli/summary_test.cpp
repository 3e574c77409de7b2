#include "cli/summary.hpp"

#include "codec/json.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

namespace {

Summary example() {
  Summary summary;
  summary.agent_answered = true;
  auto& counters = summary.counters;
  counters.lookups = 567;
  counters.hits_local = 540;
  counters.hits_remote = 20;
  counters.misses = 7;
  counters.puts = 7;
  counters.bytes_down = 36909875;
  counters.wait_us = 210'400;
  return summary;
}

}  // namespace

TEST_CASE("the line after a command") {
  Summary summary = example();
  CHECK(summary_line(summary) ==
        "567 lookups: 540 local, 20 remote, 7 missed; 35.2 MiB down, 0 B up; waited 0.21 s");
  summary.pending_bytes = 12897485;
  CHECK(summary_line(summary).ends_with("; waited 0.21 s (uploading 12.3 MiB behind)"));
  summary.pending_bytes = 0;
  summary.counters.verify_checked = 12;
  summary.counters.verify_mismatched = 1;
  CHECK(summary_line(summary).ends_with("; verified 12, 1 differ"));
  summary.counters.verify_checked = 0;
  summary.counters.links = 1;
  summary.counters.link_hits_local = 1;
  CHECK(summary_line(summary).ends_with("; waited 0.21 s; 1 link: 1 local, 0 remote, 0 made"));
  summary.counters.links = 3;
  summary.counters.link_misses = 1;
  summary.counters.link_uncached = 1;
  CHECK(summary_line(summary).ends_with("; 3 links: 1 local, 0 remote, 2 made"));
  summary.modules_brought = 340;
  CHECK(summary_line(summary).ends_with(" 2 made; 340 modules brought"));
}

TEST_CASE("the line after restore mode") {
  Summary summary;
  summary.restore_mode = true;
  summary.restored = 120;
  summary.saved = 3;
  CHECK(summary_line(summary) == "120 restored, 3 new; 0 B down, 0 B up");
}

TEST_CASE("no line where there is nothing to tell") {
  Summary summary;
  CHECK_FALSE(is_worth_a_line(summary));
  CHECK(is_worth_a_line(example()));
}

TEST_CASE("the same as JSON") {
  Summary summary = example();
  summary.counters.verify_checked = 4;
  agent::count_fault(summary.counters.faults, "store", "put pack: no space left on device");
  const auto json = codec::parse_json(summary_json(summary));
  REQUIRE(json);
  CHECK(json->text_or("mode", "") == "cacheprog");
  CHECK(json->text_or("agent", "") == "ok");
  CHECK(json->int_or("lookups", -1) == 567);
  CHECK(json->int_or("hits_local", -1) == 540);
  CHECK(json->int_or("hits_remote", -1) == 20);
  CHECK(json->int_or("misses", -1) == 7);
  CHECK(json->int_or("puts", -1) == 7);
  CHECK(json->int_or("bytes_down", -1) == 36909875);
  CHECK(json->int_or("bytes_up", -1) == 0);
  CHECK(json->int_or("blobs_up", -1) == 0);
  CHECK(json->int_or("wait_ms", -1) == 210);
  CHECK(json->find("wait_us") == nullptr);
  REQUIRE(json->find("verify") != nullptr);
  CHECK(json->find("verify")->int_or("checked", -1) == 4);
  CHECK(json->find("verify")->int_or("mismatched", -1) == 0);
  REQUIRE(json->find("faults") != nullptr);
  CHECK(json->find("faults")->int_or("store", -1) == 1);
  summary.restore_mode = true;
  summary.agent_answered = false;
  const auto other = codec::parse_json(summary_json(summary));
  REQUIRE(other);
  CHECK(other->text_or("mode", "") == "restore");
  CHECK(other->text_or("agent", "") == "absent");
}

}  // namespace sluice::cli
