#include "cli/run.hpp"

#include "base/bytes.hpp"
#include "cli/launch.hpp"
#include "cli/output.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

namespace {

int run_words(const std::vector<std::string>& words, const sys::Environment& env) {
  const auto invocation = parse_words(words);
  REQUIRE(invocation);
  return run_run(*invocation, env);
}

}  // namespace

TEST_CASE("a command that is not there is exit 127, as in a shell") {
  sys::Environment env;
  env.set("HOME", "/nonexistent");
  env.set("PATH", "/nonexistent");
  CHECK(run_words({"run", "--", "make"}, env) == k_exit_not_found);
}

TEST_CASE("a command that is there and cannot be executed is exit 126") {
  const auto made = sys::TempDirectory::create("run");
  REQUIRE(made);
  const sys::Path file = made->path() / "plain";
  REQUIRE(sys::write_file_atomic(file, bytes_of("text\n"), 0644));
  sys::Environment env;
  env.set("HOME", made->path().string());
  env.set("PATH", made->path().string());
  CHECK(run_words({"run", "--", "plain"}, env) == k_exit_not_executable);
  env.set("SLUICE", "off");
  CHECK(run_words({"run", "--", file.string()}, env) == k_exit_not_executable);
  CHECK(run_words({"run", "--", file.string() + "-not"}, env) == k_exit_not_found);
}

TEST_CASE("a wrong setting is exit 2 before the command is looked for") {
  sys::Environment env;
  env.set("HOME", "/nonexistent");
  env.set("SLUICE_MODE", "fast");
  CHECK(run_words({"run", "--", "/nonexistent/command"}, env) == k_exit_usage);
}

}  // namespace sluice::cli
