#include "gotool/toolchain.hpp"

#include "gotool/go_cache_for_test.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

using namespace sluice;
using namespace sluice::gotool;

namespace {

// A machine with a go1.26.8 in /…/go, its bin in PATH, and a checkout.
struct Machine {
  sys::TempDirectory directory = temp_directory();
  sys::Path root = std::filesystem::canonical(directory.path());
  sys::Path goroot = root / "go";
  sys::Path checkout = root / "home" / "checkout";
  sys::Environment env;

  Machine() {
    write(goroot / "VERSION", "go1.26.8\ntime 2026-08-28T16:20:06Z\n");
    write(goroot / "go.env", "# defaults\nGOPROXY=direct\nGOTOOLCHAIN=auto\n");
    program(goroot / "bin" / "go", "exit 1");
    env.set("PATH", (goroot / "bin").native());
    env.set("HOME", (root / "home").native());
    REQUIRE(sys::make_directories(checkout));
  }

  void write(const sys::Path& path, std::string_view text) const {
    REQUIRE(sys::make_directories(path.parent_path()));
    REQUIRE(sys::write_file_atomic(path, bytes_of(text)));
  }
  void program(const sys::Path& path, std::string_view script) const {
    write(path, "#!/bin/sh\n" + std::string(script) + "\n");
    REQUIRE(chmod(path.c_str(), 0755) == 0);
  }
  void go_mod(std::string_view lines) const {
    write(checkout / "go.mod", "module m\n\n" + std::string(lines));
  }
  sys::Path toolchain(std::string_view version) const {
#if defined(__x86_64__)
    constexpr std::string_view k_arch = "amd64";
#else
    constexpr std::string_view k_arch = "arm64";
#endif
    return root / "home/go/pkg/mod/golang.org" /
           ("toolchain@v0.0.1-go" + std::string(version) + ".linux-" + std::string(k_arch));
  }
  GoCommand detect() const {
    const auto go = detect_go(env, checkout);
    REQUIRE(go);
    CHECK(go->path == goroot / "bin" / "go");
    return *go;
  }
  std::string version() const { return detect().version; }
};

}  // namespace

TEST_CASE("the go of PATH") {
  Machine machine;
  const auto go = machine.detect();
  CHECK(go.goroot == machine.goroot);
  CHECK(go.version == "go1.26.8");
  CHECK(go.minor == 26);
  CHECK(go.exact);
  machine.env.set("PATH", "/nonexistent");
  const auto none = detect_go(machine.env, machine.checkout);
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Code::not_found);
}

TEST_CASE("links are followed, GOROOT is respected") {
  Machine machine;
  const auto bin = machine.root / "bin";
  REQUIRE(sys::make_directories(bin));
  std::filesystem::create_symlink(machine.goroot / "bin" / "go", bin / "go");
  machine.env.set("PATH", bin.native());
  auto go = detect_go(machine.env, machine.checkout);
  REQUIRE(go);
  CHECK(go->path == bin / "go");
  CHECK(go->goroot == machine.goroot);
  CHECK(go->version == "go1.26.8");
  machine.env.set("GOROOT", "/elsewhere");
  go = detect_go(machine.env, machine.checkout);
  CHECK(go->goroot == "/elsewhere");
}

TEST_CASE("GOTOOLCHAIN and go.mod choose the toolchain") {
  Machine machine;
  machine.write(machine.toolchain("1.27.4") / "VERSION", "go1.27.4\n");
  CHECK(machine.version() == "go1.26.8");
  machine.go_mod("go 1.25.0\n");
  CHECK(machine.version() == "go1.26.8");
  machine.go_mod("go 1.27.4 // newer\n");
  auto go = machine.detect();
  CHECK(go.version == "go1.27.4");
  CHECK(go.minor == 27);
  CHECK(go.goroot == machine.toolchain("1.27.4"));
  CHECK(go.exact);
  machine.go_mod("go 1.26\n\ntoolchain go1.27.4\n");
  CHECK(machine.version() == "go1.27.4");
  machine.go_mod("go 1.27\n");  // a language version: its first release, not downloaded yet
  go = machine.detect();
  CHECK(go.version == "go1.27.0");
  CHECK_FALSE(go.exact);
  machine.go_mod("go 1.27.4\ntoolchain default\n");
  CHECK(machine.version() == "go1.26.8");
  machine.go_mod("go 1.27.4\n");
  for (const char* word : {"local", "go1.26.8"}) {
    machine.env.set("GOTOOLCHAIN", word);
    CHECK(machine.version() == "go1.26.8");
  }
  machine.env.set("GOTOOLCHAIN", "local+auto");
  CHECK(machine.version() == "go1.27.4");
  machine.env.set("GOTOOLCHAIN", "go1.24.1+auto");
  CHECK(machine.version() == "go1.27.4");
  machine.env.set("GOTOOLCHAIN", "go1.28.0+auto");
  CHECK(machine.version() == "go1.28.0");
  machine.env.set("GOTOOLCHAIN", "go1.24.11");
  CHECK(machine.version() == "go1.24.11");
  CHECK(machine.detect().minor == 24);
  machine.env.set("GOTOOLCHAIN", "auto");
  machine.env.set("GO111MODULE", "off");
  CHECK(machine.version() == "go1.26.8");
}

TEST_CASE("go.work counts before go.mod, and files are found upward") {
  Machine machine;
  machine.go_mod("go 1.27.4\n");
  machine.write(machine.root / "home" / "go.work", "go 1.27.1\n");
  CHECK(machine.version() == "go1.27.1");
  machine.env.set("GOWORK", "off");
  CHECK(machine.version() == "go1.27.4");
  const auto sub = machine.checkout / "a" / "b";
  REQUIRE(sys::make_directories(sub));
  CHECK(detect_go(machine.env, sub)->version == "go1.27.4");
  machine.env.set("GOWORK", (machine.root / "home" / "go.work").native());
  CHECK(machine.version() == "go1.27.1");
}

TEST_CASE("a toolchain in PATH comes before the module cache") {
  Machine machine;
  const auto other = machine.root / "other";
  machine.write(other / "VERSION", "go1.27.4\n");
  machine.program(other / "bin" / "go", "exit 1");
  std::filesystem::create_symlink(other / "bin" / "go", machine.goroot / "bin" / "go1.27.4");
  machine.go_mod("go 1.27.4\n");
  CHECK(machine.detect().goroot == other);
  // The wrapper of golang.org/dl.
  REQUIRE(sys::remove_file(machine.goroot / "bin" / "go1.27.4"));
  machine.program(machine.goroot / "bin" / "go1.27.4", "exit 1");
  machine.write(machine.root / "home/sdk/go1.27.4/VERSION", "go1.27.4\n");
  CHECK(machine.detect().goroot == machine.root / "home/sdk/go1.27.4");
  CHECK(machine.detect().exact);
}

TEST_CASE("a script named go is asked") {
  Machine machine;
  const auto bin = machine.root / "shims";
  machine.program(bin / "go",
                  "[ \"$*\" = 'env GOVERSION GOROOT' ] || exit 1\n"
                  "echo 'go1.25.9 X:jsonv2'\necho /opt/go");
  machine.env.set("PATH", bin.native());
  auto go = detect_go(machine.env, machine.checkout);
  REQUIRE(go);
  CHECK(go->version == "go1.25.9");
  CHECK(go->minor == 25);
  CHECK(go->goroot == "/opt/go");
  CHECK(go->exact);
  machine.program(bin / "go", "echo nonsense");
  go = detect_go(machine.env, machine.checkout);
  REQUIRE(go);
  CHECK_FALSE(go->exact);
  CHECK(go->minor == 0);
}

TEST_CASE("a script named go that starts sluice is told from one that starts go") {
  Machine machine;
  const auto bin = machine.root / "shims";
  machine.env.set("PATH", bin.native());
  machine.program(bin / "go", "echo go1.25.9; echo /opt/go");
  CHECK(detect_go(machine.env, machine.checkout)->is_script);
  // What the sluice inside would answer.
  machine.program(bin / "go", "echo \"" + std::string(k_starts_sluice) + "\"; exit 127");
  const auto loop = detect_go(machine.env, machine.checkout);
  REQUIRE_FALSE(loop);
  CHECK(loop.error().code == Code::conflict);
  CHECK(loop.error().message == k_starts_sluice);
  // The sluice inside: it is asked and knows no more.
  machine.env.set(k_asking_variable, "1");
  CHECK(detect_go(machine.env, machine.checkout).error().message == k_starts_sluice);
  machine.env.set("PATH", (machine.goroot / "bin").native());
  CHECK_FALSE(machine.detect().is_script);
}

TEST_CASE("without a GOROOT the working directory's go.env is not believed") {
  Machine machine;
  machine.write(machine.checkout / "go.env", "GOCACHE=/planted\nGOPROXY=planted\n");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(machine.checkout);
  const GoCommand unknown;
  CHECK(default_gocache(machine.env, unknown) == machine.root / "home/.cache/go-build");
  CHECK_FALSE(go_env_value(machine.env, "GOPROXY", unknown));
  std::filesystem::current_path(before);
}

TEST_CASE("settings come from the environment, go env -w, and GOROOT/go.env") {
  Machine machine;
  const auto go = machine.detect();
  CHECK(go_env_value(machine.env, "GOPROXY", go) == "direct");
  CHECK_FALSE(go_env_value(machine.env, "GOFLAGS", go));
  machine.write(machine.root / "home/.config/go/env",
                "GOPROXY=off\nGOFLAGS=-mod=mod\n# GOCACHE=/no\nGOCACHE=/written\n");
  CHECK(go_env_value(machine.env, "GOPROXY", go) == "off");
  CHECK(go_env_value(machine.env, "GOFLAGS", go) == "-mod=mod");
  machine.env.set("GOPROXY", "https://x");
  CHECK(go_env_value(machine.env, "GOPROXY", go) == "https://x");
  CHECK(go_env_written(machine.env, "GOPROXY") == "off");
  machine.env.set("GOENV", "off");
  CHECK_FALSE(go_env_written(machine.env, "GOPROXY"));
  machine.env.set("GOENV", (machine.root / "myenv").native());
  machine.write(machine.root / "myenv", "GOFLAGS=-x\n");
  CHECK(go_env_value(machine.env, "GOFLAGS", go) == "-x");
  machine.env.unset("GOENV");
  machine.env.set("XDG_CONFIG_HOME", "relative");
  CHECK_FALSE(go_env_written(machine.env, "GOFLAGS"));
}

TEST_CASE("where the caches are") {
  Machine machine;
  const auto go = machine.detect();
  const auto home = machine.root / "home";
  CHECK(default_gocache(machine.env, go) == home / ".cache/go-build");
  CHECK(module_cache(machine.env, go) == home / "go/pkg/mod");
  machine.env.set("XDG_CACHE_HOME", "/xdg");
  CHECK(default_gocache(machine.env, go) == "/xdg/go-build");
  machine.write(home / ".config/go/env", "GOCACHE=/written\nGOPATH=/p1:/p2\n");
  CHECK(default_gocache(machine.env, go) == "/written");
  CHECK(module_cache(machine.env, go) == "/p1/pkg/mod");
  machine.env.set("GOCACHE", "file:///srv/store");
  CHECK(default_gocache(machine.env, go) == "/written");
  machine.env.set("GOCACHE", "/from/env");
  CHECK(default_gocache(machine.env, go) == "/from/env");
  machine.env.set("GOMODCACHE", "/mods");
  CHECK(module_cache(machine.env, go) == "/mods");
}

TEST_CASE("the answers are those of real go") {
  const auto real = RealGo::find();
  if (!real) return;
  const auto directory = temp_directory();
  auto env = sys::Environment::of_process();
  env.set("GOTOOLCHAIN", "local");
  const auto go = detect_go(env, directory.path());
  REQUIRE(go);
  bool ok = false;
  const std::string answer = real->run({"env", "GOVERSION", "GOROOT", "GOMODCACHE"},
                                       directory.path(), directory.path() / "cache", ok);
  REQUIRE(ok);
  CHECK(go->version + "\n" + go->goroot.native() + "\n" + module_cache(env, *go).native() + "\n" ==
        answer);
}
