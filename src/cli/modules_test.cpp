#include "cli/modules.hpp"

#include "agent/testing.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {
namespace {

Setup setup_with(Source::Kind kind, Modules modules) {
  Setup setup;
  setup.config.store_url = "file:///store";
  setup.config.module_cache = "/mod";
  setup.settings.modules = modules;
  setup.settings.sources[static_cast<std::size_t>(SettingId::store)].kind = kind;
  return setup;
}

void write(const sys::Path& file, std::string_view text) {
  REQUIRE(sys::make_directories(file.parent_path()));
  REQUIRE(sys::write_file_atomic(file, bytes_of(text)));
}

}  // namespace

TEST_CASE("modules: carried where a store was named, or where that is wanted") {
  CHECK(carries_modules(setup_with(Source::Kind::variable, Modules::automatic)));
  CHECK_FALSE(carries_modules(setup_with(Source::Kind::fallback, Modules::automatic)));
  CHECK(carries_modules(setup_with(Source::Kind::fallback, Modules::on)));
  CHECK_FALSE(carries_modules(setup_with(Source::Kind::variable, Modules::off)));
  Setup none = setup_with(Source::Kind::variable, Modules::on);
  none.config.store_url.clear();
  CHECK_FALSE(carries_modules(none));
}

TEST_CASE("modules: the build list is that of the command's flags") {
  Setup setup;
  setup.working_directory = "/src/m";
  sys::Environment env;
  env.set("GOENV", "off");
  env.set("GOFLAGS", "-mod=mod");
  env.set("GOWORK", "off");
  const auto asked = modules_asked(setup, {"build", "-mod", "vendor", "-modfile=a b.mod"}, env);
  CHECK(asked.working_directory == "/src/m");
  CHECK(asked.goflags == "-mod=mod -mod=vendor '-modfile=a b.mod'");
  CHECK(asked.gowork == "off");
}

TEST_CASE("modules: what the store had not is asked for again only when that is wanted") {
  agent::testing::Machine machine;
  const agent::testing::RunningAgent running(machine);
  REQUIRE(running.connect());
  Setup setup;
  setup.config = machine.config;
  setup.working_directory = machine.config.checkout;
  setup.config.module_cache = machine.path() / "mod";
  sys::Environment env = machine.env;
  env.set("GOENV", "off");
  write(machine.config.checkout / "go.mod", "module m\n\ngo 1.24\n\nrequire a.org/a v1.0.0\n");
  const std::string sum = "h1:" + std::string(43, 'A') + "=";
  write(machine.config.checkout / "go.sum",
        "a.org/a v1.0.0 " + sum + "\na.org/a v1.0.0/go.mod " + sum + "\n");
  const auto asked = modules_asked(setup, {}, env);
  AgentDoor door(machine.config, machine.env);

  const auto first = bring_modules(door, setup, asked, env, Again::later);
  REQUIRE(first);
  CHECK(first->needed == 1);
  CHECK(first->not_stored() == 1);
  CHECK(first->took.count() >= 0);
  door.close();
  // This one would have to say that there is no agent.
  agent::AgentConfig nowhere = machine.config;
  nowhere.runtime_directory = machine.config.checkout / "go.mod";
  AgentDoor shut(nowhere, machine.env);
  const auto later = bring_modules(shut, setup, asked, env, Again::later);
  REQUIRE(later);
  CHECK(later->not_stored() == 1);
  write(machine.config.checkout / "go.sum", "a.org/a v1.0.0\n");
  const auto damaged = bring_modules(shut, setup, asked, env, Again::now);
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().code == Code::invalid);
}

}  // namespace sluice::cli
