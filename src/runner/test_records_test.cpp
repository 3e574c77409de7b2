#include "runner/test_records.hpp"

#include "base/strings.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace sluice::runner {
namespace {

// '@' stands for the mark before framing.
// '#' begins another attempt.
TestRecords records_of(std::string output, int minor = 26) {
  std::ranges::replace(output, '@', '\x16');
  TestRecords records;
  gotool::TestEvents events("m/p", minor,
                            [&](const gotool::TestEvent& event) { records.add(event); });
  std::size_t attempt = 0;
  for (const std::string_view part : split(output, '#')) {
    if (attempt++ > 0) records.begin_attempt();
    events.write(part);
  }
  events.exited(false);
  events.close(1);
  return records;
}

// What the testing package of Go 1.26 writes.
constexpr const char* k_output =
    "@=== RUN   TestA\n"
    "printed\n"
    "    a_test.go:7: logged\n"
    "@=== RUN   TestA/one\n"
    "    a_test.go:9: wrong\n"
    "@--- FAIL: TestA/one (0.25s)\n"
    "@=== RUN   TestA/two\n"
    "@--- PASS: TestA/two (0.00s)\n"
    "@--- FAIL: TestA (0.50s)\n"
    "@=== RUN   TestB\n"
    "    b_test.go:3: quiet\n"
    "@--- PASS: TestB (0.00s)\n"
    "@=== RUN   TestC\n"
    "    b_test.go:8: not today\n"
    "@--- SKIP: TestC (0.00s)\n"
    "@FAIL\n";

}  // namespace

TEST_CASE("test records: outcomes, times and words") {
  const TestRecords records = records_of(k_output);
  std::string told;
  for (const auto& test : records.tests()) {
    told += test.name + ":" + std::to_string(static_cast<int>(test.outcome)) + " ";
  }
  CHECK(told == "TestA:1 TestA/one:1 TestA/two:0 TestB:0 TestC:2 ");
  CHECK(records.tests()[0].elapsed_s == doctest::Approx(0.5));
  CHECK(records.tests()[3].said.empty());
  CHECK(records.tests()[4].said == "    b_test.go:8: not today\n");
  CHECK(records.said().empty());
}

TEST_CASE("test records: what failed, in go's order") {
  CHECK(records_of(k_output).failures() ==
        "--- FAIL: TestA (0.50s)\n"
        "printed\n"
        "    a_test.go:7: logged\n"
        "    --- FAIL: TestA/one (0.25s)\n"
        "        a_test.go:9: wrong\n");
}

TEST_CASE("test records: one that ended with the process, and one that waited then") {
  const TestRecords records = records_of(
      "@=== RUN   TestW\n@=== PAUSE TestW\n@=== RUN   TestA\npanic: test timed out\n"
      "@FAIL\tm/p\t1.0s\n");
  CHECK(records.find("TestA")->outcome == TestOutcome::unfinished);
  CHECK(records.find("TestA")->has_failed());
  CHECK(records.find("TestW")->outcome == TestOutcome::waiting);
  CHECK_FALSE(records.find("TestW")->has_failed());
  CHECK_FALSE(records.has_ended());
  CHECK(records.failures() == "panic: test timed out\n");
  CHECK(records_of(k_output).has_ended());
  CHECK(records.find("TestZ") == nullptr);
}

TEST_CASE("test records: -count") {
  const TestRecords records = records_of(
      "@=== RUN   TestA\n@--- FAIL: TestA (0.00s)\n@=== RUN   TestA\n@--- PASS: TestA (0.00s)\n"
      "@FAIL\n");
  REQUIRE(records.tests().size() == 2);
  CHECK(records.tests()[0].outcome == TestOutcome::failed);
  CHECK(records.tests()[1].outcome == TestOutcome::passed);
  CHECK(records.tests()[1].earlier.empty());
  CHECK(records.failures() == "--- FAIL: TestA (0.00s)\n");
}

TEST_CASE("test records: a panic ends its test without a report") {
  const TestRecords records = records_of(
      "@=== RUN   TestA\n"
      "panic: no\n"
      "\n"
      "goroutine 1 [running]:\n"
      "@FAIL\tm/p\t0.1s\n");
  REQUIRE(records.tests().size() == 1);
  CHECK(records.tests()[0].has_failed());
  CHECK(records.failures() == "panic: no\n\ngoroutine 1 [running]:\n");
}

TEST_CASE("test records: another attempt, and what was said in the one before") {
  const TestRecords records = records_of(
      "@=== RUN   TestA\n    a_test.go:1: once\n@--- FAIL: TestA (0.00s)\n@FAIL\n"
      "#@=== RUN   TestA\n    a_test.go:1: twice\n@--- FAIL: TestA (0.01s)\n@FAIL\n"
      "#@=== RUN   TestA\n    a_test.go:2: fine\n@--- PASS: TestA (0.02s)\n@PASS\n");
  REQUIRE(records.tests().size() == 1);
  const TestRecord& test = records.tests()[0];
  CHECK(test.outcome == TestOutcome::passed);
  CHECK(test.elapsed_s == doctest::Approx(0.02));
  CHECK(test.earlier.size() == 2);
  CHECK(records.failures() ==
        "--- FAIL: TestA (0.00s)\n    a_test.go:1: once\n"
        "--- FAIL: TestA (0.01s)\n    a_test.go:1: twice\n");
  CHECK(records.last_failures().empty());
}

TEST_CASE("test records: an attempt that did not end is told, too") {
  const TestRecords records =
      records_of("@=== RUN   TestA\n#@=== RUN   TestA\n@--- PASS: TestA (0.00s)\n@PASS\n");
  CHECK(records.find("TestA")->earlier == std::vector<std::string>{"It did not end.\n"});
  const TestRecords failing = records_of(
      "@=== RUN   TestA\nsaid\n#@=== RUN   TestA\n    a_test.go:3: no\n@--- FAIL: TestA (0.00s)\n"
      "@FAIL\n");
  CHECK(failing.find("TestA")->earlier == std::vector<std::string>{"said\n"});
  CHECK(failing.failures() == "said\n--- FAIL: TestA (0.00s)\n    a_test.go:3: no\n");
  CHECK(failing.last_failures() == "--- FAIL: TestA (0.00s)\n    a_test.go:3: no\n");
}

TEST_CASE("test records: what belongs to no test") {
  const TestRecords records =
      records_of("before\n@=== RUN   TestA\n@--- PASS: TestA (0.00s)\n@PASS\n");
  CHECK(records.said() == "before\n");
  CHECK(records.failures().empty());
}

TEST_CASE("test records: much output is cut in front") {
  std::string output = "@=== RUN   TestA\n";
  for (int i = 0; i < 40'000; ++i) output += std::string(99, 'x') + "\n";
  output += "the end\n@--- FAIL: TestA (0.00s)\n@FAIL\n";
  const TestRecords records = records_of(output);
  CHECK(records.tests()[0].said.size() <= 2 * k_record_bytes_max);
  CHECK(records.tests()[0].said.ends_with("the end\n"));
}

}  // namespace sluice::runner
