#include "runner/retries.hpp"

#include "runner/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {
namespace {

using testing::records_of;

TestEnd exited(int code) {
  TestEnd end;
  end.status.code = code;
  return end;
}

}  // namespace

TEST_CASE("retries: each test that failed by itself, until it passes or has had all attempts") {
  Retries retries;
  const auto records =
      records_of({{"TestA", false}, {"TestA/sub", false}, {"TestB", true}, {"TestC", false}});
  retries.ran(3);
  CHECK(retries.take({7, &records, exited(1), "", 2, false}));
  CHECK(retries.why_none().empty());
  REQUIRE(retries.is_waiting());
  CHECK(retries.next().test == "TestA");
  CHECK(retries.next().number == 7);
  CHECK(retries.next().at == 2);
  CHECK(retries.next().last == 3);
  CHECK_FALSE(retries.ended(false).has_value());
  CHECK(retries.next().at == 3);
  CHECK_FALSE(retries.ended(true).has_value());
  CHECK(retries.next().test == "TestC");
  CHECK(retries.next().at == 2);
  CHECK_FALSE(retries.ended(false).has_value());
  const auto verdict = retries.ended(false);
  REQUIRE(verdict.has_value());
  CHECK_FALSE(verdict->has_passed);
  CHECK(verdict->flaky == std::vector<std::string>{"TestA"});
  CHECK_FALSE(retries.is_waiting());
}

TEST_CASE("retries: the whole package where others did not run, or one cannot be asked for") {
  const auto records = records_of({{"TestA", false}});
  Retries retries;
  CHECK(retries.take({1, &records, exited(2), "panic: x", 1, false}));
  CHECK(retries.next().test.empty());
  const auto verdict = retries.ended(true);
  REQUIRE(verdict.has_value());
  CHECK(verdict->has_passed);
  CHECK(verdict->flaky == std::vector<std::string>{""});
  TestRecords no_end;  // log.Fatal in the second of three
  gotool::TestEvent event;
  event.test = "TestA";
  event.action = "run";
  no_end.add(event);
  Retries fatal;
  CHECK(fatal.take({1, &no_end, exited(1), "", 1, false}));
  CHECK(fatal.next().test.empty());
  CHECK(retries.take({2, &records, exited(1), "", 1, true}));
  CHECK(retries.next().test.empty());
  const auto given_up = retries.give_up();
  CHECK(given_up.number == 2);
  CHECK_FALSE(given_up.has_passed);
}

TEST_CASE("retries: not without being asked, after a race, or where no test began") {
  const auto records = records_of({{"TestA", false}});
  Retries retries;
  CHECK_FALSE(retries.take({1, &records, exited(1), "", 0, false}));
  CHECK_FALSE(retries.take({1, &records, exited(66), "x\nWARNING: DATA RACE\n", 2, false}));
  CHECK_FALSE(retries.take(
      {1, &records, exited(1), "testing.go:1: race detected during execution of test", 2, false}));
  const TestRecords none;
  CHECK_FALSE(retries.take({1, &none, exited(2), "panic: in init", 2, false}));
  CHECK_FALSE(retries.is_waiting());
}

TEST_CASE("retries: names of what is flaky") {
  using Words = std::vector<std::string>;
  TestRecords records = records_of({{"TestA", false}, {"TestB", true}});
  CHECK(flaky_of(records, {1, true, {"TestC"}}) == Words{"TestC"});
  CHECK(flaky_of(records, {1, true, {}}).empty());
  CHECK(flaky_of(records, {1, true, {""}}) == Words{""});
  records.begin_attempt();
  gotool::TestEvent event;
  event.test = "TestA";
  for (const auto* action : {"run", "pass"}) {
    event.action = action;
    records.add(event);
  }
  CHECK(flaky_of(records, {1, true, {""}}) == Words{"TestA"});
}

TEST_CASE("retries: the words of an attempt") {
  using Words = std::vector<std::string>;
  const Words words = {"p.test",
                       "-test.paniconexit0",
                       "-test.testlogfile=x",
                       "-test.run=A|B",
                       "-test.shuffle=3",
                       "-test.timeout=1m0s",
                       "-x",
                       "-test.run=C"};
  CHECK(attempt_arguments(words, "TestA") == Words{"p.test", "-test.run=^TestA$",
                                                   "-test.paniconexit0", "-test.timeout=1m0s", "-x",
                                                   "-test.run=C"});
  CHECK(attempt_arguments(words, "") == Words{"p.test", "-test.paniconexit0", "-test.run=A|B",
                                              "-test.timeout=1m0s", "-x", "-test.run=C"});
}

TEST_CASE("retries: much that fails is no flakiness") {
  std::vector<std::pair<std::string, bool>> tests;
  for (int i = 0; i < 11; ++i) tests.emplace_back("Test" + std::to_string(i), false);
  const auto eleven = records_of(tests);
  Retries many;
  many.ran(1000);
  CHECK(many.take({1, &eleven, exited(1), "", 1, false}));
  CHECK(many.why_none() == "11 tests failed, and more than 10 are not run again");
  tests.resize(5);
  const auto five = records_of(tests);
  Retries share;
  share.ran(24);
  CHECK(share.take({1, &five, exited(1), "", 1, false}));
  CHECK(share.why_none() == "5 of 24 tests failed, and more than 20 % are not run again");
  Retries small;
  small.ran(19);
  CHECK(small.take({1, &five, exited(1), "", 1, false}));
  CHECK(small.why_none().empty());
}

}  // namespace sluice::runner
