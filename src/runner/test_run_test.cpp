// Tests of the run itself drive the real program with the real go: tests/integration/
// test_test_run.py. Here is what go never does.
#include "runner/test_run.hpp"

#include "agent/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::runner {
namespace {

// A "go" of which `test` does this, with one package in the list.
TestRunSettings settings_of(agent::testing::Machine& machine, std::string_view script) {
  const sys::Path go = machine.path() / "go";
  const sys::Path list = machine.path() / "list.json";
  constexpr std::string_view k_list =
      "{\n\t\"ImportPath\": \"m/p\",\n\t\"Dir\": \"/\",\n"
      "\t\"TestGoFiles\": [\n\t\t\"a_test.go\"\n\t]\n}\n";
  REQUIRE(sys::write_file_atomic(list, bytes_of(k_list)));
  const std::string text = "#!/bin/sh\nif [ \"$1\" = list ]; then exec cat " + list.native() +
                           "; fi\n" + std::string(script);
  REQUIRE(sys::write_file_atomic(go, bytes_of(text), 0755));
  TestRunSettings settings;
  settings.config = machine.config;
  settings.config.go_path = go;
  settings.env = machine.env;
  settings.env.set("PATH", "/usr/bin:/bin");
  settings.words.packages = {"m/p"};
  settings.words.keeps_results = false;
  settings.sluice = "/bin/false";
  settings.tested = "/bin/true";
  settings.strategy = fixed_strategy(1);
  return settings;
}

int status_of(std::string_view script) {
  agent::testing::Machine machine;
  const auto status = run_tests(settings_of(machine, script));
  REQUIRE(status);
  return *status;
}

}  // namespace

TEST_CASE("test run: the status is go's where go has failed") {
  CHECK(status_of("exit 0") == 0);
  CHECK(status_of("exit 2") == 2);
  CHECK(status_of("kill -KILL $$") == 137);
}

TEST_CASE("test run: a package that go finds tested and nobody has run is a failure") {
  CHECK(status_of("printf 'ok  \\tm/p\\t0.001s\\n'; exit 0") == 1);
}

TEST_CASE("test run: a go that cannot be started is an error") {
  agent::testing::Machine machine;
  TestRunSettings settings = settings_of(machine, "");
  settings.config.go_path = "/none/go";
  CHECK_FALSE(run_tests(std::move(settings)).has_value());
}

}  // namespace sluice::runner
