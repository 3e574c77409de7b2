#include "runner/package_command.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {

TEST_CASE("package command: as go starts it") {
  gotool::TestPackage package;
  package.directory = "/w/m/p";
  package.root = "/w/m";
  PackageWords words;
  bool is_covered = false;
  words.arguments = {"-test.timeout=10m0s", "-test.coverprofile=c.out", "-x"};
  sys::Environment env;
  env.set("PATH", "/usr/bin");
  const sys::Path goroot = "/go";
  const PackageFiles files{"/tmp/d"};
  const auto made = [&] {
    return package_command(package, "/tmp/d/p.test", files,
                           {words, env, goroot, limits_of(std::chrono::minutes(10)), is_covered});
  };
  using Words = std::vector<std::string>;
  TestCommand command = made();
  CHECK(command.arguments == Words{"/tmp/d/p.test", "-test.testlogfile=/tmp/d/testlog.txt",
                                   "-test.paniconexit0", "-test.timeout=10m0s",
                                   "-test.coverprofile=/tmp/d/cover.out", "-x"});
  CHECK(command.directory == "/w/m/p");
  CHECK(command.environment.get_or("PWD", "") == "/w/m/p");
  CHECK(command.environment.get_or("PATH", "") == "/go/bin:/usr/bin");
  CHECK(command.quit_after == std::chrono::minutes(11));
  words.keeps_results = false;
  is_covered = true;
  words.env = {{"DB", "x"}};
  env.unset("PATH");
  command = made();
  CHECK(command.arguments.at(1) == "-test.paniconexit0");
  CHECK(command.arguments.at(2) == "-test.gocoverdir=/tmp/d/gocoverdir");
  CHECK(command.environment.get_or("GOCOVERDIR", "") == "/tmp/d/gocoverdir");
  CHECK(command.environment.get_or("PATH", "") == "/go/bin");
  CHECK(command.environment.get_or("DB", "") == "x");
}

}  // namespace sluice::runner
