#include "cli/launch.hpp"

#include "base/strings.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

namespace {

gotool::GoCommand go_of(int minor) {
  gotool::GoCommand go;
  go.minor = minor;
  go.version = minor == 0 ? "" : "go1." + std::to_string(minor) + ".0";
  return go;
}

Setup setup_with_tier() {
  Setup setup;
  setup.executable = "/opt/sluice";
  setup.config.local_tier = "/tier";
  setup.config.runtime_directory = "/run";
  setup.config.cache_directory = "/cache";
  setup.config.domain = "trusted";
  return setup;
}

}  // namespace

TEST_CASE("how go reaches the cache") {
  CHECK_FALSE(choose_mode(Mode::automatic, go_of(24), false).restore);
  CHECK_FALSE(choose_mode(Mode::automatic, go_of(0), false).restore);
  CHECK(choose_mode(Mode::automatic, go_of(26), true).restore);
  CHECK(choose_mode(Mode::automatic, go_of(23), false).restore);
  CHECK(choose_mode(Mode::restore, go_of(26), false).restore);
  CHECK_FALSE(choose_mode(Mode::cacheprog, go_of(26), true).restore);
  CHECK(choose_mode(Mode::cacheprog, go_of(26), true).note.empty());
  const ModeChoice old = choose_mode(Mode::cacheprog, go_of(23), false);
  CHECK(old.restore);
  CHECK(old.note == "mode cacheprog needs Go 1.24 or newer and this is go1.23.0: restore is used");
}

TEST_CASE("who waits for uploads") {
  agent::Job desk;
  agent::Job ci;
  ci.system = agent::CiSystem::github;
  CHECK_FALSE(waits_for_uploads(Drain::automatic, desk, false));
  CHECK(waits_for_uploads(Drain::automatic, desk, true));
  CHECK(waits_for_uploads(Drain::automatic, ci, false));
  CHECK_FALSE(waits_for_uploads(Drain::detach, ci, true));
  CHECK(waits_for_uploads(Drain::wait, desk, false));
}

TEST_CASE("the environment of a command") {
  const Setup setup = setup_with_tier();
  sys::Environment env;
  env.set("PATH", "/bin");
  env.set("GOCACHE", "file:///s");
  Flags flags;
  flags.set(SettingId::read_only, "true");
  const sys::Environment job = job_environment(setup, flags, env, false);
  CHECK(job.get("PATH") == "/bin");
  CHECK(job.get("GOCACHE") == "/tier");
  CHECK(job.get("GOCACHEPROG") == "/opt/sluice cacheprog");
  CHECK(job.get("GOLANGCI_LINT_CACHEPROG") == "/opt/sluice cacheprog");
  CHECK(job.get("SLUICE_READ_ONLY") == "true");
  const auto session = agent::AgentConfig::decode(job.get_or("SLUICE_SESSION", ""));
  REQUIRE(session);
  CHECK(session->local_tier == "/tier");
  env.set("GOCACHEPROG", "/opt/sluice cacheprog");
  const sys::Environment restore = job_environment(setup, {}, env, true);
  CHECK_FALSE(restore.has("GOCACHEPROG"));
  CHECK_FALSE(restore.has("GOLANGCI_LINT_CACHEPROG"));
  CHECK(restore.get("GOCACHE") == "/tier");
}

TEST_CASE("a store that GOCACHE named is known to a sluice inside the command") {
  Setup setup = setup_with_tier();
  setup.settings.store_url = "file:///s";
  setup.settings.sources[static_cast<std::size_t>(SettingId::store)] = {Source::Kind::gocache,
                                                                        "GOCACHE"};
  sys::Environment env;
  env.set("GOCACHE", "file:///s");
  CHECK(job_environment(setup, {}, env, false).get("SLUICE_STORE") == "file:///s");
}

TEST_CASE("sluice before go's tools") {
  Setup setup = setup_with_tier();
  setup.go = go_of(26);
  sys::Environment job;
  job.set("HOME", "/nonexistent");
  job.set("GOFLAGS", "-mod=mod");
  const Command build{"/go", {"go", "build", "."}, true};
  const auto cache = *sys::TempDirectory::create("sluice-launch-");
  setup.config.cache_directory = cache.path();
  CHECK(add_toolexec(setup, build, job).empty());
  const std::string flags = job.get_or("GOFLAGS", "");
  const std::string prefix = "-mod=mod -toolexec=" + cache.path().native() + "/toolexec/";
  CHECK(flags.starts_with(prefix));
  CHECK(flags.ends_with("/sluice-toolexec"));
  CHECK(std::filesystem::read_symlink(flags.substr(flags.find('=', 10) + 1)) == "/opt/sluice");
  // Ours is there already, from a sluice around this one.
  CHECK(add_toolexec(setup, build, job).empty());
  CHECK(job.get("GOFLAGS") == flags);
  const auto stays_away = [](const Setup& given, const Command& command) {
    sys::Environment env;
    env.set("HOME", "/nonexistent");
    CHECK(add_toolexec(given, command, env).empty());
    return !env.has("GOFLAGS");
  };
  CHECK(stays_away(setup, {"/go", {"go", "build", "-x"}, true}));
  CHECK_FALSE(stays_away(setup, {"/make", {"make", "-n"}, false}));
  for (const int minor : {0, 23, 28}) {
    Setup other = setup;
    other.go = go_of(minor);
    CHECK(stays_away(other, build));
  }
  setup.settings.link_cache = false;
  CHECK(stays_away(setup, build));
  setup.settings.link_cache = true;
  job.set("GOFLAGS", "'-open");
  CHECK(add_toolexec(setup, build, job).starts_with("no link cache: "));
  setup.config.cache_directory = cache.path() / "a b";
  job.set("GOFLAGS", "");
  CHECK(add_toolexec(setup, build, job).starts_with("no link cache: "));
  setup.config.cache_directory = "/proc/none";
  CHECK(stays_away(setup, build));
}

TEST_CASE("another cache program is respected, our own is not another one") {
  const Setup setup = setup_with_tier();
  sys::Environment env;
  env.set("HOME", "/nonexistent");
  CHECK(foreign_cacheprog(setup, env) == std::nullopt);
  env.set("GOCACHEPROG", "go-cacher -verbose");
  CHECK(foreign_cacheprog(setup, env) == "go-cacher -verbose");
  env.set("GOCACHEPROG", "sluice cacheprog");
  CHECK(foreign_cacheprog(setup, env) == std::nullopt);
}

}  // namespace sluice::cli
