#include "runner/run_report.hpp"

#include "sys/file.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {
namespace {

JunitSuite suite(std::string package, std::vector<std::pair<std::string, double>> tests) {
  JunitSuite made;
  made.package = std::move(package);
  for (auto& [name, elapsed_s] : tests) {
    TestRecord test;
    test.name = name;
    test.outcome = TestOutcome::passed;
    test.elapsed_s = elapsed_s;
    made.tests.push_back(std::move(test));
  }
  return made;
}

}  // namespace

TEST_CASE("run report: the slowest first, across packages") {
  RunReport report({"", 2, ""});
  report.add(suite("m/a", {{"TestA", 0.5}, {"TestB", 3}}));
  report.add(suite("m/b", {{"TestC", 1}}));
  CHECK(report.slowest() == std::vector<std::string>{"3.00 s m/a TestB", "1.00 s m/b TestC"});
  CHECK(RunReport({"", 9, ""}).slowest().empty());
}

TEST_CASE("run report: the last word about a package counts") {
  RunReport report({"", 9, ""});
  report.add(suite("m/a", {{"TestA", 0.5}}));
  report.add(suite("m/a", {{"TestB", 1}}));
  CHECK(report.slowest() == std::vector<std::string>{"1.00 s m/a TestB"});
}

TEST_CASE("run report: JUnit in the order of names") {
  auto directory = sys::TempDirectory::create("junit-");
  REQUIRE(directory.has_value());
  const sys::Path file = directory->path() / "out.xml";
  RunReport report({file, 0, ""});
  report.add(suite("m/b", {{"TestC", 1}}));
  report.add(suite("m/a", {{"TestA", 1}}));
  REQUIRE(report.write(2, "go1.27.4").has_value());
  const auto text = sys::read_file(file, 1U << 20U);
  REQUIRE((text && *text));
  const std::string read(text_of(**text));
  CHECK(read.find("name=\"m/a\"") < read.find("name=\"m/b\""));
  CHECK_FALSE(RunReport({directory->path() / "no" / "x", 0, ""}).write(0, "").has_value());
}

TEST_CASE("run report: annotations have places of the checkout, and an end") {
  const std::string failed = "--- FAIL: T (0.00s)\n    a_test.go:3: no\n";
  RunReport report({"", 0, "/w/co"});
  CHECK(report.annotations("m/p", "/w/co/p", failed) ==
        std::vector<std::string>{"::error file=p/a_test.go,line=3,title=m/p T::no"});
  CHECK(report.annotations("m", "/w/co", failed).at(0).starts_with("::error file=a_test.go,"));
  CHECK(report.annotations("m", "/elsewhere", failed).empty());
  std::size_t said = 2;
  for (int i = 0; i < 20; ++i) said += report.annotations("m", "/w/co", failed).size();
  CHECK(said == 10);
  CHECK(RunReport({}).annotations("m", "/w/co", failed).empty());
}

}  // namespace sluice::runner
