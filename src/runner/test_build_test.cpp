// The build itself with the real go: tests/integration/test_test_run.py. Here is what it tells of a
// go that does as it is told.
#include "runner/test_build.hpp"

#include "agent/testing.hpp"

#include <doctest/doctest.h>

#include <optional>

namespace sluice::runner {
namespace {

struct Listener final : BuildListener {
  std::string told;
  std::optional<int> status;

  void listed(const std::vector<gotool::TestPackage>& packages,
              const Result<std::shared_ptr<const TestPlan>>&) override {
    told += "listed " + std::to_string(packages.size()) + "; ";
  }
  void known(const std::string&, const std::string&, const ResultCache::Result&) override {}
  void linked(const std::string&, const std::string&, const sys::Path&) override {}
  void vetted(const std::string&, bool) override {}
  void found_vetted(const std::string&) override {}
  void cleared(const std::string& package, std::string_view) override {
    told += "cleared " + package + "; ";
  }
  void refused(const std::string& package) override { told += "refused " + package + "; "; }
  void says(std::string_view text) override { told += std::string(text); }
  void says_on_stderr(std::string_view text) override { told += "[" + std::string(text) + "]"; }
  void go_is(const sys::Path&, int) override {}
  void go_ended(const sys::ExitStatus& ended) override { status = ended.code; }
};

}  // namespace

TEST_CASE("test build: what go says, and how it ends") {
  agent::testing::Machine machine;
  const sys::Path go = machine.path() / "go";
  constexpr std::string_view k_script =
      "#!/bin/sh\nif [ \"$1\" = list ]; then exit 1; fi\n"
      "echo wrong >&2\n"
      "printf 'ok  \\tm/a\\t0.001s\\nFAIL\\tm/b [build failed]\\n'; exit 1\n";
  REQUIRE(sys::write_file_atomic(go, bytes_of(k_script), 0755));
  TestBuildSettings settings;
  settings.config = machine.config;
  settings.config.go_path = go;
  settings.env = machine.env;
  settings.env.set("PATH", "/usr/bin:/bin");
  settings.words.packages = {"./..."};
  settings.sluice = "/bin/false";
  settings.tested = "/bin/true";
  settings.programs = machine.path();
  settings.hears_stderr = true;
  auto loop = sys::Loop::create();
  REQUIRE(loop.has_value());
  Listener listener;
  TestBuild build(settings, *loop, listener);
  REQUIRE(build.start().has_value());
  CHECK(build.pid() > 0);
  while (!listener.status || listener.told.find("listed") == std::string::npos) {
    REQUIRE(loop->run_once().has_value());
  }
  CHECK(build.is_over());
  CHECK(*listener.status == 1);
  CHECK(listener.told.find("cleared m/a; ") != std::string::npos);
  CHECK(listener.told.find("refused m/b; ") != std::string::npos);
  CHECK(listener.told.find("FAIL\tm/b [build failed]\n") != std::string::npos);
  CHECK(listener.told.find("listed 0; ") != std::string::npos);
  CHECK(listener.told.find("[wrong\n]") != std::string::npos);
  build.close();
}

}  // namespace sluice::runner
