#include "agent/test_tools.hpp"

#include "agent/test_door.hpp"
#include "agent/testing.hpp"

#include <doctest/doctest.h>

#include <mutex>

namespace sluice::agent {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

// A run of tests that knows the result of m/known, and a tool.
class Run {
 public:
  Run() {
    machine.config.test_door = machine.path() / "door.sock";
    machine.config.test_programs = machine.path() / "programs";
    TestDoor::Handlers handlers;
    handlers.go = [](const sys::Environment&, const sys::Path&) {};
    handlers.is_known = [](const std::string& package, const std::string& action) {
      return package == "m/known" && action == "act";
    };
    handlers.linked = [this](const std::string& package, const std::string& action,
                             const sys::Path& program) {
      hear(package + " " + action + " " + program.native());
    };
    handlers.vetted = [this](const std::string& package, bool passed) {
      hear(package + (passed ? " passed" : " failed"));
    };
    auto opened = TestDoor::open(machine.config.test_door, std::move(handlers));
    REQUIRE(opened);
    door_ = std::move(*opened);
    machine.env.set("PATH", "/usr/bin:/bin");
  }

  sys::Path tool(std::string_view script) const {
    const sys::Path path = machine.path() / "tool";
    const std::string text = "#!/bin/sh\n" + std::string(script);
    REQUIRE(sys::write_file_atomic(path, bytes_of(text), 0755));
    return path;
  }
  sys::Path output() const { return machine.path() / "p.test"; }
  std::vector<std::string> link_words(const sys::Path& tool) const {
    return {tool, "-o", output(), "-buildid=act/a/b/act", "main.a"};
  }
  std::string text_of_file(const sys::Path& path) const {
    const auto bytes = sys::read_file(path, 4096);
    return bytes && *bytes ? std::string(text_of(**bytes)) : "none";
  }
  std::string heard() {
    const std::lock_guard lock(mutex_);
    return std::exchange(heard_, {});
  }

  Machine machine;

 private:
  void hear(const std::string& line) {
    const std::lock_guard lock(mutex_);
    heard_ += line + "\n";
  }

  std::mutex mutex_;
  std::string heard_;
  std::unique_ptr<TestDoor> door_;
};

std::optional<int> no_link_cache() { return std::nullopt; }

}  // namespace

TEST_CASE("test tools: a program that is linked is moved to where the run finds it") {
  Run run;
  const sys::Path tool = run.tool("echo program > \"$2\"");
  run.machine.env.set("TOOLEXEC_IMPORTPATH", "m/p.test");
  const auto status =
      link_for_run(run.machine.config, run.link_words(tool), run.machine.env, no_link_cache);
  CHECK(status == 0);
  const std::string heard = run.heard();
  REQUIRE(heard.starts_with("m/p act "));
  const sys::Path program = heard.substr(8, heard.size() - 9);
  CHECK(program.filename() == "p.test");
  CHECK(run.text_of_file(program) == "program\n");
  CHECK(run.text_of_file(run.output()).starts_with("The program of this test"));
}

TEST_CASE("test tools: what is known is not linked, and what is no test is none of the run's") {
  Run run;
  const sys::Path tool = run.tool("echo program > \"$2\"");
  const auto link = [&] {
    return link_for_run(run.machine.config, run.link_words(tool), run.machine.env, no_link_cache);
  };
  run.machine.env.set("TOOLEXEC_IMPORTPATH", "m/known.test");
  CHECK(link() == 0);
  CHECK(run.heard().empty());
  CHECK(run.text_of_file(run.output()).starts_with("The program of this test"));
  run.machine.env.set("TOOLEXEC_IMPORTPATH", "m/cmd/p");
  CHECK_FALSE(link().has_value());
  CHECK(run.heard().empty());
}

TEST_CASE("test tools: a link that fails is told by its status alone") {
  Run run;
  run.machine.env.set("TOOLEXEC_IMPORTPATH", "m/p.test");
  const sys::Path tool = run.tool("exit 2");
  CHECK(link_for_run(run.machine.config, run.link_words(tool), run.machine.env, no_link_cache) ==
        2);
  CHECK(run.heard().empty());
  const auto cached = [] { return std::optional(3); };
  CHECK(link_for_run(run.machine.config, run.link_words(tool), run.machine.env, cached) == 3);
}

TEST_CASE("test tools: vet of a package is told, that for facts is not looked at") {
  Run run;
  run.machine.env.set("TOOLEXEC_IMPORTPATH", "m/p [m/p.test]");
  const sys::Path config = run.machine.path() / "vet.cfg";
  const auto vet = [&](std::string_view text, std::string_view script) {
    REQUIRE(sys::write_file_atomic(config, bytes_of(text)));
    return vet_for_run(run.machine.config, {run.tool(script), "-atomic", config}, run.machine.env);
  };
  CHECK(vet(R"({"VetxOnly": false})", "exit 0") == 0);
  CHECK(run.heard() == "m/p [m/p.test] passed\n");
  CHECK(vet(R"({"VetxOnly": false})", "exit 1") == 1);
  CHECK(run.heard() == "m/p [m/p.test] failed\n");
  CHECK_FALSE(vet(R"({"VetxOnly": true})", "exit 0").has_value());
  CHECK_FALSE(vet("no json", "exit 0").has_value());
  CHECK(run.heard().empty());
}

}  // namespace sluice::agent
