#include "runner/schedule_log.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {
namespace {

Task task(std::string name, bool is_known) {
  Task made;
  made.name = std::move(name);
  made.is_known = is_known;
  made.cost = Cost{1.1, 210ULL << 20U, 3.2};
  return made;
}

}  // namespace

TEST_CASE("a start is told with what it waited for") {
  ScheduleLog log;
  log.came(0, task("m/first", false), 0.5);
  log.came(1, task("m/second", true), 0.5);
  Decision decision;
  decision.starts = {0};
  decision.usage = Usage{1, 1.0, 150ULL << 20U};
  decision.waits = 1;
  decision.limit = Limit::cpu;
  decision.state = "factor 1.25";
  log.decided(decision);
  CHECK(words_of(log.started(0, 0.51)) ==
        "0.51 s: start m/first (not run before); 1 runs: 1.00 cores, 150.0 MiB; factor 1.25");
  decision.starts = {1};
  decision.usage = Usage{2, 1.9, 430ULL << 20U};
  decision.waits.reset();
  decision.limit = Limit::none;
  log.decided(decision);
  const auto started = log.started(1, 1.3);
  CHECK(started.held_by == "cpu");
  CHECK(started.waited_us == 800'000);
  CHECK(words_of(started) ==
        "1.30 s: start m/second (expected 3.20 s, 1.10 cores, 210.0 MiB); 2 run: 1.90 cores, "
        "430.0 MiB; waited 0.80 s for cpu; factor 1.25");
}

TEST_CASE("who was never the first that waits waited for its turn") {
  ScheduleLog log;
  log.came(4, task("m/p", true), 1);
  log.decided({});
  CHECK(words_of(log.started(4, 2)).find("; waited 1.00 s for its turn") != std::string::npos);
}

TEST_CASE("an eviction, and that it comes again") {
  ScheduleLog log;
  log.came(4, task("m/p", true), 1);
  log.decided({});
  const auto evicted = log.evicted(4, 2);
  CHECK(evicted.what == journal::Schedule::evicted);
  CHECK(words_of(evicted).starts_with("2.00 s: end for want of memory m/p ("));
  log.came(4, task("m/p", true), 2);
  CHECK(log.started(4, 2.5).waited_us == 500'000);
}

}  // namespace sluice::runner
