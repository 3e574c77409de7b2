// A test run as JUnit XML, as GitLab, Jenkins, Buildkite and the actions of GitHub read it.
//
// A value that is told of each package and written once. One thread. Source: the JUnit schema of
// Jenkins' xunit plugin (testsuites, testsuite, testcase with failure, error and skipped).
#pragma once

#include "base/result.hpp"
#include "runner/test_records.hpp"
#include "sys/file.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::runner {

struct JunitSuite {
  std::string package;
  std::string time;  // at its end, RFC 3339
  double elapsed_s = 0;
  std::vector<TestRecord> tests;
  // That the package failed, and no test of it says why: it could not be built, it was killed, ...
  std::string error;
  std::string said;  // what belongs to no test
};

// `properties` of each suite: "go.version" -> "go1.27.4". Bytes that XML cannot hold are replaced.
std::string junit_text(const std::vector<JunitSuite>& suites, double elapsed_s,
                       std::string_view go_version);

}  // namespace sluice::runner
