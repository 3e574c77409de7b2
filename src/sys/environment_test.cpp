#include "sys/environment.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

using namespace sluice;
using namespace sluice::sys;

namespace {

Environment with(std::initializer_list<std::pair<const char*, const char*>> values) {
  Environment env;
  for (const auto& [name, value] : values) env.set(name, value);
  return env;
}

void make_program(const Path& path, std::uint32_t mode) {
  REQUIRE(write_file_atomic(path, bytes_of("#!/bin/sh\n")));
  REQUIRE(::chmod(path.c_str(), mode) == 0);
}

}  // namespace

TEST_CASE("an environment is a copy with empty values told from absent ones") {
  Environment env = with({{"A", "1"}, {"EMPTY", ""}});
  CHECK(env.get("A") == "1");
  CHECK(env.get("EMPTY") == "");
  CHECK_FALSE(env.get("NONE"));
  CHECK(env.get_or("A", "f") == "1");
  CHECK(env.get_or("EMPTY", "f") == "f");
  CHECK(env.get_or("NONE", "f") == "f");
  CHECK(env.has("A"));
  CHECK_FALSE(env.has("EMPTY"));
  CHECK_FALSE(env.has("NONE"));
  env.set("A", "2=3");
  env.unset("EMPTY");
  env.unset("NONE");
  CHECK(env.as_list() == std::vector<std::string>{"A=2=3"});
}

TEST_CASE("the process's environment is taken as it is and stays untouched") {
  Environment env = Environment::of_process();
  REQUIRE(env.has("PATH"));
  env.set("PATH", "/changed");
  CHECK(Environment::of_process().get("PATH") != "/changed");
}

TEST_CASE("what is forgotten is gone from this process's environment, and from no copy") {
  ::setenv("SLUICE_TEST_SECRET", "geheim", 1);
  ::setenv("SLUICE_TEST_SECRET_NOT", "stays", 1);
  const Environment copy = Environment::of_process();
  forget_variables({"SLUICE_TEST_SECRET", "SLUICE_TEST_ABSENT"});
  CHECK(Environment::of_process().get("SLUICE_TEST_SECRET") == "");
  CHECK(Environment::of_process().get("SLUICE_TEST_SECRET_NOT") == "stays");
  CHECK(copy.get("SLUICE_TEST_SECRET") == "geheim");
  ::unsetenv("SLUICE_TEST_SECRET");
  ::unsetenv("SLUICE_TEST_SECRET_NOT");
}

TEST_CASE("directories of the user follow XDG, ignoring what is not absolute") {
  const Environment plain = with({{"HOME", "/home/u"}});
  CHECK(home_directory(plain) == "/home/u");
  CHECK(user_cache_directory(plain) == "/home/u/.cache");
  CHECK(user_config_directory(plain) == "/home/u/.config");
  const Environment set =
      with({{"HOME", "/home/u"}, {"XDG_CACHE_HOME", "/c"}, {"XDG_CONFIG_HOME", "/f"}});
  CHECK(user_cache_directory(set) == "/c");
  CHECK(user_config_directory(set) == "/f");
  const Environment relative =
      with({{"HOME", "/home/u"}, {"XDG_CACHE_HOME", "c"}, {"XDG_CONFIG_HOME", ""}});
  CHECK(user_cache_directory(relative) == "/home/u/.cache");
  CHECK(user_config_directory(relative) == "/home/u/.config");
  CHECK(home_directory(Environment()) == "/");
}

TEST_CASE("the runtime directory is the user's own or one in /tmp") {
  const Path fallback = "/tmp/sluice-" + std::to_string(::geteuid());
  const auto directory = TempDirectory::create("sluice-environment-test-");
  REQUIRE(directory);
  const auto runtime_of = [](const Path& path) {
    Environment env;
    env.set("XDG_RUNTIME_DIR", path.native());
    return runtime_directory(env);
  };
  CHECK(runtime_of(directory->path()) == directory->path() / "sluice");
  CHECK(runtime_directory(Environment()) == fallback);
  CHECK(runtime_of(directory->path() / "none") == fallback);
  CHECK(runtime_of("relative") == fallback);
  REQUIRE(write_file_atomic(directory->path() / "file", {}));
  CHECK(runtime_of(directory->path() / "file") == fallback);
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can make a directory of another user");
    return;
  }
  REQUIRE(make_directories(directory->path() / "theirs"));
  REQUIRE(::chown((directory->path() / "theirs").c_str(), 65534, 65534) == 0);
  CHECK(runtime_of(directory->path() / "theirs") == fallback);
}

TEST_CASE("this program finds itself") {
  const auto path = own_executable();
  REQUIRE(path);
  CHECK(path->is_absolute());
  CHECK(path->filename().native().find("sys_test") == 0);
  CHECK(std::filesystem::exists(*path));
}

TEST_CASE("programs are found where PATH says first") {
  const auto directory = TempDirectory::create("sluice-environment-test-");
  REQUIRE(directory);
  const Path& root = directory->path();
  for (const char* name : {"first", "second"}) REQUIRE(make_directories(root / name));
  make_program(root / "first/tool", 0644);  // not executable
  REQUIRE(make_directories(root / "first/folder"));
  make_program(root / "second/tool", 0755);
  make_program(root / "second/folder", 0755);
  Environment env;
  env.set("PATH", (root / "none").native() + ":" + (root / "first").native() +
                      "::" + (root / "second").native());
  CHECK(find_in_path("tool", env) == root / "second/tool");
  CHECK(find_in_path("folder", env) == root / "second/folder");
  CHECK_FALSE(find_in_path("absent-tool", env));
  CHECK_FALSE(find_in_path("", env));
  CHECK(find_in_path("./x", env) == Path("./x"));
  CHECK(find_in_path("/absent/x", env) == Path("/absent/x"));
  CHECK(find_in_path("sh", Environment()));  // the usual places when PATH is unset
}

TEST_CASE("containers are told by their files, variables and control groups") {
  const auto directory = TempDirectory::create("sluice-environment-test-");
  REQUIRE(directory);
  const Path& root = directory->path();
  REQUIRE(make_directories(root / "proc/self"));
  REQUIRE(make_directories(root / "run"));
  const auto cgroup = [&root](std::string_view text) {
    REQUIRE(write_file_atomic(root / "proc/self/cgroup", bytes_of(text)));
    return in_container(Environment(), root);
  };
  CHECK_FALSE(in_container(Environment(), root / "nothing"));
  CHECK_FALSE(cgroup("0::/\n"));
  CHECK_FALSE(cgroup("0::/user.slice/user-1000.slice/session-1.scope\n"));
  CHECK_FALSE(cgroup("0::/system.slice/docker.service\n"));
  CHECK(cgroup("12:cpu:/docker/0123456789abcdef\n0::/\n"));
  CHECK(cgroup("0::/system.slice/docker-0123456789abcdef.scope\n"));
  CHECK(cgroup("0::/kubepods.slice/kubepods-besteffort.slice/x\n"));
  CHECK(cgroup("0::/machine.slice/libpod-0123.scope/container\n"));
  CHECK_FALSE(cgroup("0::/\n"));
  CHECK(in_container(with({{"KUBERNETES_SERVICE_HOST", "10.0.0.1"}}), root));
  CHECK(in_container(with({{"container", "podman"}}), root));
  CHECK_FALSE(in_container(with({{"container", ""}}), root));
  REQUIRE(write_file_atomic(root / "run/.containerenv", {}));
  CHECK(in_container(Environment(), root));
  REQUIRE(remove_file(root / "run/.containerenv"));
  REQUIRE(write_file_atomic(root / ".dockerenv", {}));
  CHECK(in_container(Environment(), root));
}

TEST_CASE("the umask is told without changing it") {
  const ::mode_t before = ::umask(027);
  CHECK(file_mode_mask() == 027);
  ::umask(002);
  CHECK(file_mode_mask() == 002);
  ::umask(before);
  CHECK(file_mode_mask() == before);
}
