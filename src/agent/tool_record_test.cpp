// Of compilations by real go: gotool/compile_inputs_test and tests/integration/test_why.py.
#include "agent/tool_record.hpp"

#include "agent/testing.hpp"
#include "journal/spool.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

std::vector<journal::Event> told(const Machine& machine) {
  std::vector<journal::Event> events;
  for (const auto& spool : journal::spools(machine.config.journal_directory)) {
    const auto bytes = sys::read_file(spool.file, 1U << 20U);
    REQUIRE(bytes);
    for (auto& event : journal::decode(**bytes)) events.push_back(std::move(event));
  }
  return events;
}

}  // namespace

TEST_CASE("tool record: a link says which program, whose main package, and its build information") {
  Machine machine;
  machine.config.journal_directory = machine.path() / "journal";
  const sys::Path importcfg = machine.path() / "importcfg.link";
  const std::string marks(16, 'x');
  REQUIRE(sys::write_file_atomic(importcfg, bytes_of("packagefile p=/x\nmodinfo \"" + marks +
                                                     "path\\tp\\n" + marks + "\"\n")));
  auto env = machine.env;
  env.set("TOOLEXEC_IMPORTPATH", "example.org/p");
  record_link(machine.config,
              {"-o", "x", "-importcfg", importcfg.native(), "-buildid=L/MA/MC/L", "main.a"}, env,
              journal::Answer::remote, std::chrono::microseconds(7));
  const auto events = told(machine);
  REQUIRE(events.size() == 1);
  const auto& linked = std::get<journal::Linked>(events.front().body);
  CHECK(linked == journal::Linked{"example.org/p", "MA", "path\tp\n", journal::Answer::remote, 7});
}

TEST_CASE("tool record: what is not understood is not said, and without a journal nothing is") {
  Machine machine;
  const std::vector<std::string> compile = {"/go/pkg/tool/linux_amd64/compile", "-V=full"};
  record_tool(machine.config, compile, machine.env);
  record_link(machine.config, {"-buildid=L/MA/MC/L"}, machine.env, journal::Answer::missed, {});
  machine.config.journal_directory = machine.path() / "journal";
  record_tool(machine.config, compile, machine.env);
  record_link(machine.config, {"-o", "x"}, machine.env, journal::Answer::missed, {});
  CHECK(told(machine).empty());
}

}  // namespace sluice::agent
