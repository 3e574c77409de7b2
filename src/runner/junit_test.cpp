#include "runner/junit.hpp"

#include "codec/xml.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {
namespace {

TestRecord record(std::string name, TestOutcome outcome, std::string said = "") {
  TestRecord made;
  made.name = std::move(name);
  made.outcome = outcome;
  made.elapsed_s = 0.25;
  made.said = std::move(said);
  return made;
}

}  // namespace

TEST_CASE("junit: every outcome, counted") {
  JunitSuite suite{"m/p", "2026-11-28T10:00:00Z", 1.5, {}, "", ""};
  suite.tests = {record("TestA", TestOutcome::passed),
                 record("TestB/<x>", TestOutcome::failed, "\n    b_test.go:3: a < b & \"c\"\n"),
                 record("TestC", TestOutcome::skipped, "    not today\n"),
                 record("TestD", TestOutcome::failed)};
  const JunitSuite broken{"m/q", "2026-11-28T10:00:00Z", 0, {}, "build failed", "q.go:1: x\n"};
  CHECK(junit_text({suite, broken}, 2, "go1.27.4") ==
        R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="sluice test" tests="5" failures="2" errors="1" skipped="1" time="2.000">
  <testsuite name="m/p" tests="4" failures="2" errors="0" skipped="1" time="1.500" )"
        R"(timestamp="2026-11-28T10:00:00Z">
    <properties><property name="go.version" value="go1.27.4"/></properties>
    <testcase classname="m/p" name="TestA" time="0.250"/>
    <testcase classname="m/p" name="TestB/&lt;x&gt;" time="0.250">
      <failure message="b_test.go:3: a &lt; b &amp; &quot;c&quot;">
    b_test.go:3: a &lt; b &amp; &quot;c&quot;
</failure>
    </testcase>
    <testcase classname="m/p" name="TestC" time="0.250">
      <skipped message="not today"/>
    </testcase>
    <testcase classname="m/p" name="TestD" time="0.250">
      <failure message="failed"></failure>
    </testcase>
  </testsuite>
  <testsuite name="m/q" tests="1" failures="0" errors="1" skipped="0" time="0.000" )"
        R"(timestamp="2026-11-28T10:00:00Z">
    <properties><property name="go.version" value="go1.27.4"/></properties>
    <testcase classname="m/q" name="[build failed]" time="0.000">
      <error message="build failed">q.go:1: x
</error>
    </testcase>
  </testsuite>
</testsuites>
)");
}

TEST_CASE("junit: attempts that failed, before one that passed and before one that did not") {
  JunitSuite suite{"m/p", "", 0, {}, "", ""};
  suite.tests = {record("TestA", TestOutcome::passed),
                 record("TestB", TestOutcome::failed, "again\n")};
  for (TestRecord& test : suite.tests) test.earlier = {"--- FAIL: " + test.name + "\n"};
  const std::string text = junit_text({suite}, 0, "");
  CHECK(text.find("tests=\"2\" failures=\"1\"") != std::string::npos);
  CHECK(text.find("name=\"TestA\" time=\"0.250\">\n      <flakyFailure message=\"--- FAIL: TestA\">"
                  "--- FAIL: TestA\n</flakyFailure>\n    </testcase>") != std::string::npos);
  CHECK(text.find("<rerunFailure message=\"--- FAIL: TestB\">--- FAIL: TestB\n</rerunFailure>\n"
                  "      <failure message=\"again\">again\n</failure>") != std::string::npos);
}

TEST_CASE("junit: what did not end, and what waited then") {
  JunitSuite suite{"m/p", "", 0, {}, "", ""};
  suite.tests = {record("TestA", TestOutcome::unfinished, "panic\n"),
                 record("TestB", TestOutcome::waiting)};
  const std::string text = junit_text({suite}, 0, "");
  CHECK(text.find("tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"1\"") != std::string::npos);
  CHECK(text.find("<failure message=\"did not end\">panic\n</failure>") != std::string::npos);
  CHECK(text.find("<skipped message=\"the package ended before\"/>") != std::string::npos);
}

TEST_CASE("junit: what XML cannot hold is replaced") {
  JunitSuite suite{"m/p", "", 0, {}, "", "a\x1b[31mb\x00\xff\xef\xbf\xbf\tc"};
  suite.said.push_back('\0');
  const std::string text = junit_text({suite}, 0, "");
  const auto parsed = codec::parse_xml(text);
  REQUIRE(parsed.has_value());
  CHECK(parsed->find("testsuite")->text_of("system-out") == "a\xef\xbf\xbd[31mb\xef\xbf\xbd");
}

TEST_CASE("junit: nothing ran") {
  CHECK(junit_text({}, 0, "").find("tests=\"0\"") != std::string::npos);
}

}  // namespace sluice::runner
