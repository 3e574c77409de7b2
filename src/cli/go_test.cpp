#include "cli/go.hpp"

#include "base/bytes.hpp"
#include "cli/launch.hpp"
#include "cli/output.hpp"
#include "sys/file.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

namespace {

// A machine whose go leaves a mark when it is started.
struct Machine {
  sys::TempDirectory root = make_root();
  sys::Path mark = root.path() / "started";
  sys::Environment env;

  Machine() {
    const sys::Path go = root.path() / "go/bin/go";
    REQUIRE(sys::make_directories(go.parent_path()));
    const std::string script = "#!/bin/sh\n: > " + mark.string() + "\n";
    REQUIRE(sys::write_file_atomic(go, bytes_of(script), 0755));
    REQUIRE(sys::write_file_atomic(root.path() / "go/VERSION", bytes_of("go1.26.8\n")));
    env.set("HOME", root.path().string());
    env.set("PATH", go.parent_path().string());
    env.set("GOTOOLCHAIN", "local");
  }
  static sys::TempDirectory make_root() {
    auto made = sys::TempDirectory::create("go-command");
    REQUIRE(made);
    return std::move(*made);
  }
  bool was_started() const { return std::filesystem::exists(mark); }
};

int run_words(const std::vector<std::string>& words, const sys::Environment& env) {
  const auto invocation = parse_words(words);
  REQUIRE(invocation);
  return run_go(*invocation, env);
}

}  // namespace

TEST_CASE("a wrong setting is exit 2, and go is not started") {
  Machine machine;
  CHECK(run_words({"go", "--drain", "sometimes", "build"}, machine.env) == k_exit_usage);
  machine.env.set("SLUICE_VERIFY", "lots");
  CHECK(run_words({"go", "build"}, machine.env) == k_exit_usage);
  CHECK(run_words({"go", "version"}, machine.env) == k_exit_usage);
  CHECK_FALSE(machine.was_started());
}

TEST_CASE("a machine without go says so as a shell does") {
  Machine machine;
  machine.env.set("PATH", "/nonexistent");
  CHECK(run_words({"go", "build"}, machine.env) == k_exit_not_found);
}

}  // namespace sluice::cli
